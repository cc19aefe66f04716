using System.Text.Json.Nodes;
using Matryoshka.Tests.Cli;
using Matryoshka.Tests.Collections;
using Matryoshka.Training;
using Matryoshka.Training.Adapters;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Training;

public class AdapterTests
{
    private const int Full = 48;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(60)]
    public void Eigenvectors_are_orthonormal_and_give_the_matrix_back(int n)
    {
        var draw = new Draw(4, n);
        var symmetric = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++)
                symmetric[i, j] = symmetric[j, i] = draw.Normal();
        using var matrix = new Block<double>(n * n);
        for (var i = 0; i < n * n; i++)
            matrix.Slice(i, 1)[0] = symmetric[i / n, i % n];
        var (values, vectors) = SymmetricEigen.Solve(matrix, n, new Work(2));
        using (vectors)
        {
            Assert.Equal(values.OrderDescending(), values);
            for (var i = 0; i < n; i++)
                for (var j = 0; j < n; j++)
                {
                    double across = 0, restored = 0;
                    for (var k = 0; k < n; k++)
                    {
                        across += vectors.Slice(i * n + k, 1)[0] * vectors.Slice(j * n + k, 1)[0];
                        restored += values[k] * vectors.Slice(k * n + i, 1)[0] * vectors.Slice(k * n + j, 1)[0];
                    }
                    Assert.Equal(i == j ? 1 : 0, across, 1e-10);
                    Assert.Equal(symmetric[i, j], restored, 1e-10);
                }
        }
    }

    [Fact]
    public void An_adapter_keeps_more_neighbours_than_the_prefix_and_no_fewer_than_pca()
    {
        var result = AdapterTrainer.Train(Hidden(600), Full, new() { Dimensions = [4, 12, Full], Steps = 60, Batch = 128, Rate = 0.003 });
        foreach (var row in result.Quality.SkipLast(1))
            Assert.True(row.Pca > row.Plain + 0.1 && row.Adapted > row.Plain + 0.1, row.ToString());
        Assert.True(result.Quality.Sum(row => row.Adapted) >= result.Quality.Sum(row => row.Pca));
        Assert.Equal(1, result.Quality[^1].Plain);
        var again = AdapterTrainer.Train(Hidden(600), Full, new() { Dimensions = [4, 12, Full], Steps = 60, Batch = 128, Rate = 0.003, Threads = 1 });
        Assert.Equal(result.Adapter.Identity, again.Adapter.Identity);
    }

    [Fact]
    public void Pairs_pull_rows_together_that_belong_together()
    {
        // What belongs together is alike in eight of the components and in nothing else.
        var rows = new float[400 * Full];
        var draw = new Draw(8, 0);
        for (var i = 0; i < rows.Length; i++)
            rows[i] = i >= 200 * Full && i % Full >= 40 ? rows[i - 200 * Full] : (float)draw.Normal();
        (int, int)[] pairs = [.. Enumerable.Range(0, 200).Select(i => (i, i + 200))];
        var options = new AdapterTrainingOptions { Dimensions = [8, 16], Steps = 80, Batch = 64, Rate = 0.01 };
        double Cosine(VectorAdapter adapter)
        {
            float[] a = new float[16], b = new float[16];
            return pairs.Average(pair =>
            {
                adapter.Apply(rows.AsSpan(pair.Item1 * Full, Full), a);
                adapter.Apply(rows.AsSpan(pair.Item2 * Full, Full), b);
                return a.Zip(b, (x, y) => (double)x * y).Sum();
            });
        }
        using var normalised = Rows(rows);
        using var run = new AdapterRun(normalised, 400, Full, options with { Pairs = pairs }, new Work(2));
        run.Begin();
        var before = Cosine(run.Finish(0, 0).Adapter);
        run.Learn(null, CancellationToken.None);
        Assert.True(Cosine(run.Current()) > before + 0.05);
    }

    [Fact]
    public void What_cannot_be_learnt_from_is_refused()
    {
        void Refused(string part, float[] rows, AdapterTrainingOptions options) =>
            Assert.Contains(part, Assert.ThrowsAny<MatryoshkaException>(() => AdapterTrainer.Train(rows, Full, options)).Message, StringComparison.Ordinal);
        Refused("20 vectors are too few", Hidden(20), new() { Dimensions = [8] });
        Refused("to 64 dimensions was asked for, but the vectors have 48", Hidden(100), new() { Dimensions = [64] });
        Refused("must ascend", Hidden(100), new() { Dimensions = [16, 8] });
        Refused("not a whole number of rows", new float[100 * Full + 1], new() { Dimensions = [8] });
        Refused("names the rows 0 and 100", Hidden(100), new() { Dimensions = [8], Pairs = [(0, 100)] });
        Refused("Row 3: all 48 components are zero", [.. Hidden(3), .. new float[Full], .. Hidden(96)], new() { Dimensions = [8] });
    }

    [Fact]
    public void A_saved_adapter_is_the_same_and_changes_the_recipe()
    {
        using var folder = new TestFolder();
        var recipe = new ModelRecipe { Name = "test/plain", Dimensions = NestedDimensions.None(Full) };
        var adapter = AdapterTrainer.Train(Hidden(200), Full, new() { Dimensions = [8, 16], Steps = 0 }).Adapter.FittedTo(recipe);
        using (var file = File.Create(folder.At("a.safetensors")))
            adapter.Save(file);
        var read = VectorAdapter.Load(folder.At("a.safetensors"));
        Assert.Equal((adapter.Identity, adapter.Source, adapter.InputDimensions), (read.Identity, read.Source, read.InputDimensions));
        Assert.Equal(adapter.Dimensions, read.Dimensions);
        var adapted = read.Adapt(recipe);
        Assert.NotEqual(recipe.Fingerprint, adapted.Fingerprint);
        Assert.Equal(NestedDimensions.Trained(8, 16), adapted.Dimensions);
        Assert.Equal(adapted, ModelRecipe.FromJson(adapted.ToJson()));
        Assert.Contains("adapted already", Assert.Throws<RecipeMismatchException>(() => read.Adapt(adapted)).Message, StringComparison.Ordinal);
        Assert.Contains("was fitted to vectors of the recipe", Assert.Throws<RecipeMismatchException>(() => read.Adapt(recipe with { Name = "test/other" })).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.At("a.safetensors"), "no");
        Assert.Throws<InvalidFormatException>(() => VectorAdapter.Load(folder.At("a.safetensors")));
    }

    [Fact]
    public async Task A_collection_is_adapted_without_its_model_and_searched_with_it()
    {
        using var folder = new TestFolder();
        var texts = SmallPairs.All().Select(pair => pair.B).ToList();
        File.WriteAllLines(folder.At("texts.jsonl"), texts.Select((text, i) => new JsonObject { ["id"] = $"t{i}", ["text"] = text }.ToJsonString()));
        (await CliRun.Of("index", folder.At("texts.jsonl"), "-c", folder.At("old"))).Expect(0);
        var trained = (await CliRun.Of("train", "adapter", "-c", folder.At("old"), "--out", folder.At("a.safetensors"), "--dims", "16,64", "--steps", "5", "--json")).Expect(0);
        Assert.Equal(512, trained.Json.GetProperty("inputDimensions").GetInt32());
        Assert.Equal(2, trained.Json.GetProperty("overlap").GetArrayLength());
        var adapted = (await CliRun.Of("adapt", "-c", folder.At("old"), "--adapter", folder.At("a.safetensors"), "--to", folder.At("new"), "--json")).Expect(0);
        Assert.Equal(128, adapted.Json.GetProperty("records").GetInt64());
        var query = SmallPairs.All().First().A;
        var found = (await CliRun.Of("search", query, "-c", folder.At("new"), "--adapter", folder.At("a.safetensors"), "--dims", "64", "--json")).Expect(0);
        Assert.Contains("river", found.Json.GetProperty("hits")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("--adapter FILE", (await CliRun.Of("search", query, "-c", folder.At("new"))).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("adapter", (await CliRun.Of("search", query, "-c", folder.At("old"), "--adapter", folder.At("a.safetensors"))).Expect(1).Error, StringComparison.Ordinal);
        // The same again by indexing: the model embeds, the adapter projects.
        (await CliRun.Of("index", folder.At("texts.jsonl"), "-c", folder.At("direct"), "--adapter", folder.At("a.safetensors"))).Expect(0);
        Assert.Contains("--adapter FILE", (await CliRun.Of("index", folder.At("texts.jsonl"), "-c", folder.At("direct"))).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("exclude each other", (await CliRun.Of("index", folder.At("texts.jsonl"), "-c", folder.At("none"), "--force", "--adapter", folder.At("a.safetensors"))).Expect(2).Error, StringComparison.Ordinal);
        static string Hits(CliRun run) => string.Join(' ', run.Expect(0).Json.GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("text").GetString()));
        string[] search = ["search", query, "--adapter", folder.At("a.safetensors"), "--json", "-c"];
        Assert.Equal(Hits(await CliRun.Of([.. search, folder.At("new")])), Hits(await CliRun.Of([.. search, folder.At("direct")])));
        // Another adapter, fitted to the same model, is another recipe.
        (await CliRun.Of("train", "adapter", "-c", folder.At("old"), "--out", folder.At("b.safetensors"), "--dims", "16,64", "--pca", "--seed", "2")).Expect(0);
        Assert.Contains("adapter", (await CliRun.Of("search", query, "-c", folder.At("new"), "--adapter", folder.At("b.safetensors"))).Expect(1).Error, StringComparison.Ordinal);
        // One fitted to another model is refused before anything is embedded.
        using (var file = File.Create(folder.At("c.safetensors")))
            VectorAdapter.Load(folder.At("a.safetensors")).FittedTo(new ModelRecipe { Name = "test/other", Dimensions = NestedDimensions.None(512) }).Save(file);
        Assert.Contains("was fitted to vectors of the recipe", (await CliRun.Of("search", query, "-c", folder.At("new"), "--adapter", folder.At("c.safetensors"))).Expect(1).Error, StringComparison.Ordinal);
        File.WriteAllLines(folder.At("queries.jsonl"), SmallPairs.All().Take(20).Select((pair, i) => new JsonObject { ["_id"] = $"q{i}", ["text"] = pair.A }.ToJsonString()));
        foreach (var command in (string[][])[["bench", "--seconds", "1"], ["tune", "--seconds", "3", "--dry-run"]])
        {
            string[] measure = [.. command, "-c", folder.At("new"), "--queries", folder.At("queries.jsonl")];
            Assert.Contains("--adapter FILE", (await CliRun.Of(measure)).Expect(2).Error, StringComparison.Ordinal);
            (await CliRun.Of([.. measure, "--adapter", folder.At("a.safetensors")])).Expect(0);
        }
        using var plain = StaticEmbeddingGenerator.Default();
        using var generator = new AdaptedEmbeddingGenerator(plain, VectorAdapter.Load(folder.At("a.safetensors")));
        var vector = (await generator.GenerateAsync([query], new EmbeddingGenerationOptions { Dimensions = 16 }))[0].Vector;
        Assert.Equal(16, vector.Length);
        Assert.Equal(1, vector.ToArray().Sum(x => (double)x * x), 1e-5);
    }

    // Twelve telling axes, hidden by a random rotation, beside faint noise.
    private static float[] Hidden(int count)
    {
        var axes = new Draw(1, 0);
        var basis = Enumerable.Range(0, 12).Select(_ => Enumerable.Range(0, Full).Select(_ => axes.Normal()).ToArray()).ToArray();
        var rows = new float[count * Full];
        for (var i = 0; i < count; i++)
        {
            var draw = new Draw(2, i);
            for (var a = 0; a < basis.Length; a++)
            {
                var size = draw.Normal() / (1 + a / 3);
                for (var k = 0; k < Full; k++)
                    rows[i * Full + k] += (float)(size * basis[a][k] + 0.02 * draw.Normal());
            }
        }
        return rows;
    }

    private static Block<float> Rows(float[] rows)
    {
        var block = new Block<float>(rows.Length);
        rows.CopyTo(block.Slice(0, rows.Length));
        for (var i = 0; i < rows.Length; i += Full)
            StaticModel.Normalize(block.Slice(i, Full));
        return block;
    }
}
