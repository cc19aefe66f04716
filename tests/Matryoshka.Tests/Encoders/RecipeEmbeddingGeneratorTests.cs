using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class RecipeEmbeddingGeneratorTests
{
    private static readonly ModelRecipe Recipe = new()
    {
        Name = "test/model",
        Dimensions = NestedDimensions.Trained(2, 4),
        QueryPrompt = "q: ",
        DocumentPrompt = "d: ",
    };

    [Fact]
    public async Task Prompts_follow_the_role_and_documents_are_the_default()
    {
        var inner = new Recording([3, 4, 0, 12]);
        using var generator = inner.WithRecipe(Recipe);
        await generator.GenerateAsync(["a"]);
        await generator.GenerateAsync(["b"], EmbeddingRole.Query);
        await generator.GenerateAsync(["c"], new EmbeddingGenerationOptions { AdditionalProperties = new() { ["input_type"] = JsonSerializer.SerializeToElement("QUERY") } });
        Assert.Equal(["d: a", "q: b", "q: c"], inner.Texts);
        var options = new EmbeddingGenerationOptions { AdditionalProperties = new() { ["input_type"] = "clustering" } };
        Assert.Contains("'clustering'", (await Assert.ThrowsAsync<InvalidFormatException>(() => generator.GenerateAsync(["d"], options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Full_vectors_are_asked_for_and_cut_here()
    {
        var inner = new Recording([3, 4, 0, 12]);
        using var generator = inner.WithRecipe(Recipe);
        var options = new EmbeddingGenerationOptions { Dimensions = 2, ModelId = "m" };
        var answer = Assert.Single(await generator.GenerateAsync(["a"], EmbeddingRole.Query, options));
        Assert.Equal([0.6f, 0.8f], answer.Vector.ToArray());
        Assert.Null(inner.LastOptions!.Dimensions);
        Assert.Equal("m", inner.LastOptions.ModelId);
        Assert.Equal("query", inner.LastOptions.AdditionalProperties!["input_type"]);
        Assert.Equal(2, options.Dimensions);
        Assert.Null(options.AdditionalProperties);

        var full = Assert.Single(await generator.GenerateAsync(["a"])).Vector.ToArray();
        Assert.Equal([3 / 13f, 4 / 13f, 0, 12 / 13f], full);
        Assert.Equal("served", answer.ModelId);
    }

    [Fact]
    public async Task A_service_with_a_smaller_default_is_asked_for_full_in_so_many_words()
    {
        var inner = new Recording([3, 4, 0, 12]);
        using var generator = inner.WithRecipe(Recipe, requestFull: true);
        await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 2 });
        Assert.Equal(4, inner.LastOptions!.Dimensions);
    }

    [Fact]
    public async Task The_operation_before_the_cut_is_applied()
    {
        using var generator = new Recording([1, 2, 3, 4]).WithRecipe(Recipe with { BeforeTruncation = PreTruncation.LayerNorm });
        var prefix = Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 2 })).Vector.ToArray();
        Assert.Equal(-3 / Math.Sqrt(10), prefix[0], 1e-6);
        Assert.Equal(-1 / Math.Sqrt(10), prefix[1], 1e-6);
    }

    [Theory]
    [InlineData(new float[] { 1, 2, 3 }, "Row 0: the generator answered with 3 components, but 'test/model' has 4. It may cut")]
    [InlineData(new float[] { 1, 2, 3, 4, 5 }, "Row 0: the generator answered with 5 components, but 'test/model' has 4. It probably runs another")]
    [InlineData(new float[] { 1, 2, float.NaN, 4 }, "Row 0: component 2 is NaN")]
    [InlineData(new float[] { 0, 0, 0, 0 }, "Row 0: all 4 components are zero")]
    public async Task A_wrong_answer_is_refused_with_its_numbers(float[] answer, string message)
    {
        using var generator = new Recording(answer).WithRecipe(Recipe);
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => generator.GenerateAsync(["a"]));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_vector_is_noticed()
    {
        using var generator = new Recording([1, 2, 3, 4]) { Lose = 1 }.WithRecipe(Recipe);
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => generator.GenerateAsync(["a", "b"]));
        Assert.StartsWith("2 texts were sent to 'test/model', but 1 vectors came back", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dimension_outside_the_recipe_is_refused_before_anything_is_sent()
    {
        var inner = new Recording([1, 2, 3, 4]);
        using var generator = inner.WithRecipe(Recipe);
        await Assert.ThrowsAsync<DimensionNotAllowedException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 3 }));
        Assert.Empty(inner.Texts);
    }

    [Fact]
    public async Task Recipe_metadata_and_usage_are_reported()
    {
        var inner = new Recording([1, 2, 3, 4]);
        using var generator = inner.WithRecipe(Recipe);
        Assert.Same(Recipe, generator.GetService(typeof(ModelRecipe)));
        Assert.Null(generator.GetService(typeof(ModelRecipe), "key"));
        Assert.Same(inner, generator.GetService(typeof(Recording)));
        var metadata = Assert.IsType<EmbeddingGeneratorMetadata>(generator.GetService(typeof(EmbeddingGeneratorMetadata)));
        Assert.Equal(4, metadata.DefaultModelDimensions);
        Assert.Equal("recording", metadata.ProviderName);
        Assert.Equal("test/model", metadata.DefaultModelId);
        Assert.Equal(9, (await generator.GenerateAsync(["a"])).Usage!.InputTokenCount);
    }

    [Fact]
    public async Task Our_cut_of_a_real_full_vector_equals_the_services_own()
    {
        var folder = EmbeddingsFolder();
        Assert.SkipWhen(folder is null, "the shared embeddings are not here");
        var full = Read(folder!, "text-embedding-3-small.3963x1536.f32", 1536, "text-embedding-3-small.jsonl");
        var short256 = Read(folder!, "text-embedding-3-small_256.62x256.f32", 256, "text-embedding-3-small_256.jsonl");
        var titles = short256.Keys.Where(full.ContainsKey).ToList();
        Assert.Equal(62, titles.Count);
        using var generator = new Recording([]) { Answers = full }.WithRecipe(ModelCatalogue.Find("text-embedding-3-small").Recipe);
        var cut = await generator.GenerateAsync(titles, new EmbeddingGenerationOptions { Dimensions = 256 });
        for (var i = 0; i < titles.Count; i++)
        {
            var expected = short256[titles[i]];
            Truncation.Normalize(expected);
            var cosine = expected.Zip(cut[i].Vector.ToArray(), (a, b) => (double)a * b).Sum();
            Assert.InRange(cosine, 0.999999, 1.000001);
        }
    }

    private static string? EmbeddingsFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data", "embeddings");
            if (Directory.Exists(candidate))
                return candidate;
        }
        return null;
    }

    private static Dictionary<string, float[]> Read(string folder, string file, int d, string list)
    {
        var all = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, file)));
        var rows = new Dictionary<string, float[]>();
        foreach (var line in File.ReadLines(Path.Combine(folder, list)))
        {
            using var row = JsonDocument.Parse(line);
            if (row.RootElement.GetProperty("kind").GetString() != "movie title")
                continue;
            rows.TryAdd(row.RootElement.GetProperty("text").GetString()!, all.Slice(row.RootElement.GetProperty("row").GetInt32() * d, d).ToArray());
        }
        return rows;
    }

    private sealed class Recording(float[] answer) : IEmbeddingGenerator<string, Embedding<float>>
    {
        public List<string> Texts { get; } = [];

        public EmbeddingGenerationOptions? LastOptions { get; private set; }

        public int Lose { get; init; }

        public Dictionary<string, float[]>? Answers { get; init; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            var texts = values.ToList();
            Texts.AddRange(texts);
            LastOptions = options;
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Skip(Lose).Select(t => new Embedding<float>(Answers?[t] ?? answer) { ModelId = "served" }))
            {
                Usage = new UsageDetails { InputTokenCount = 9 },
            });
        }

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("recording")
            : serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose() { }
    }
}
