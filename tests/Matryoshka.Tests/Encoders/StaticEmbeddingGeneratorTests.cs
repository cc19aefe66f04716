using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class StaticEmbeddingGeneratorTests
{
    private static readonly string[] Words = ["sort", "list", "plant", "water", "bank", "bread", "light", "war", "gas", "code", "caf\u00e9", "x>=3", "unaffable"];

    [Fact]
    public async Task It_answers_one_unit_vector_a_text_with_model_and_usage()
    {
        using var generator = StaticEmbeddingGenerator.Default();
        var result = await generator.GenerateAsync(["sort a list", "water plants"]);
        Assert.Equal(2, result.Count);
        Assert.Equal(5, result.Usage!.InputTokenCount);
        foreach (var embedding in result)
        {
            Assert.Equal("matryoshka/static-en-v1", embedding.ModelId);
            Assert.Equal(512, embedding.Vector.Length);
            Assert.Equal(1, embedding.Vector.ToArray().Sum(x => (double)x * x), 1e-5);
        }
        Assert.Empty(await generator.GenerateAsync([]));
    }

    [Fact]
    public async Task A_prefix_is_the_beginning_of_the_full_vector_renormalised()
    {
        using var generator = StaticEmbeddingGenerator.Default();
        var full = (await generator.GenerateAsync(["water plants"]))[0].Vector.ToArray();
        foreach (var d in new[] { 32, 64, 128, 256 })
        {
            var prefix = (await generator.GenerateAsync(["water plants"], new EmbeddingGenerationOptions { Dimensions = d }))[0].Vector.ToArray();
            var norm = Math.Sqrt(full.Take(d).Sum(x => (double)x * x));
            Assert.Equal(d, prefix.Length);
            for (var i = 0; i < d; i++)
                Assert.Equal(full[i] / norm, prefix[i], 1e-6);
        }
        var error = await Assert.ThrowsAsync<DimensionNotAllowedException>(() => Call(generator, new EmbeddingGenerationOptions { Dimensions = 100 }));
        Assert.Equal("100 dimensions were asked for, but the model allows 32, 64, 128, 256, 512.", error.Message);
    }

    [Fact]
    public async Task Another_model_and_texts_without_words_are_refused()
    {
        using var generator = StaticEmbeddingGenerator.Default();
        Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "matryoshka/static-en-v1" }));
        await Assert.ThrowsAsync<MatryoshkaException>(() => Call(generator, new EmbeddingGenerationOptions { ModelId = "other" }));
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => generator.GenerateAsync(["fine", "\u200b\u200b"]));
        Assert.Contains("Text 1", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => generator.GenerateAsync([null!]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StaticEmbeddingGenerator(StaticModel.Default, 0));
    }

    [Fact]
    public void It_offers_its_metadata_recipe_and_model()
    {
        using var generator = StaticEmbeddingGenerator.Default();
        var metadata = (EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.Equal(("matryoshka/static-en-v1", 512), (metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(StaticModel.Default, generator.GetService(typeof(StaticModel)));
        Assert.Same(StaticModel.Default.Recipe, generator.GetService(typeof(ModelRecipe)));
        Assert.Same(generator, generator.GetService(typeof(IEmbeddingGenerator<string, Embedding<float>>)));
        Assert.Null(generator.GetService(typeof(string)));
        Assert.Null(generator.GetService(typeof(StaticModel), "key"));
    }

    [Fact]
    public async Task The_result_does_not_depend_on_the_number_of_threads()
    {
        var texts = Texts(2000);
        using var one = new StaticEmbeddingGenerator(StaticModel.Default, 1);
        using var many = new StaticEmbeddingGenerator(StaticModel.Default, 7);
        var expected = await one.GenerateAsync(texts);
        var actual = await many.GenerateAsync(texts);
        var bulk = new float[texts.Length * 512];
        Assert.Equal(expected.Usage!.InputTokenCount, many.Encode(texts, bulk));
        Assert.Equal(expected.Usage.InputTokenCount, actual.Usage!.InputTokenCount);
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.True(expected[i].Vector.Span.SequenceEqual(actual[i].Vector.Span));
            Assert.True(expected[i].Vector.Span.SequenceEqual(bulk.AsSpan(i * 512, 512)));
        }
    }

    [Fact]
    public async Task Bulk_encoding_leaves_zeros_for_texts_without_words_and_checks_its_room()
    {
        using var generator = StaticEmbeddingGenerator.Default();
        var vectors = new float[3 * 512];
        Assert.Equal(2, generator.Encode(["water", "", "bread"], vectors));
        Assert.All(vectors[512..1024], x => Assert.Equal(0, x));
        Assert.Equal((await generator.GenerateAsync(["bread"]))[0].Vector.ToArray(), vectors[1024..]);
        Assert.Throws<InvalidVectorException>(() => generator.Encode(["a", "b"], new float[1023]));
    }

    [Fact]
    public async Task Cancelling_ends_the_work()
    {
        using var generator = new StaticEmbeddingGenerator(StaticModel.Default, 2);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], null, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(Texts(1000), null, cancelled.Token));
        using var later = new CancellationTokenSource();
        var texts = new CancellingList(Texts(5000), 300, later);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(texts, null, later.Token));
        Assert.InRange(texts.Read, 300, 310);
    }

    [Fact]
    public void A_warm_pass_allocates_nothing_a_text()
    {
        var vector = new float[512];
        var texts = Texts(200);
        foreach (var text in texts)
            StaticModel.Default.TryEncode(text, vector);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var text in texts)
            StaticModel.Default.TryEncode(text, vector);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Task<GeneratedEmbeddings<Embedding<float>>> Call(StaticEmbeddingGenerator generator, EmbeddingGenerationOptions options) => generator.GenerateAsync(["a"], options);

    private static string[] Texts(int count)
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, 1 + random.Next(60)).Select(_ => Words[random.Next(Words.Length)])))];
    }

    private sealed class CancellingList(string[] texts, int after, CancellationTokenSource source) : List<string>(texts), IReadOnlyList<string>
    {
        private int read;

        public int Read => read;

        string IReadOnlyList<string>.this[int index]
        {
            get
            {
                if (Interlocked.Increment(ref read) == after)
                    source.Cancel();
                return texts[index];
            }
        }
    }
}
