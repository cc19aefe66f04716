using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka.Lists;
using Matryoshka.Storage;
using Matryoshka.Tests.Reliability;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests.Search;

/// <summary>
/// What the presets find of the exact first ten, on 10,000 sentences of Wikipedia embedded by the shipped model: after
/// building, appending, deleting, compacting and after a crash.
/// </summary>
public sealed class RecallTests : IDisposable
{
    private const int Sentences = 10_000;
    private const int Questions = 100;

    private static readonly ListsParameters Small = new(LeastRows: 1000);

    // What was measured less 0.02.
    private static readonly (SearchPreset Preset, double Least)[] Floors = [(SearchPreset.Exact, 1), (SearchPreset.Accurate, 0.97), (SearchPreset.Balanced, 0.93), (SearchPreset.Fast, 0.88)];

    private static readonly Lazy<Task<Sample>> Embedded = new(EmbedAsync);

    private readonly FastFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Presets_keep_their_recall_through_all_that_happens_to_a_collection()
    {
        var sample = await Embedded.Value;
        var live = Enumerable.Range(0, 6000).ToHashSet();
        using (var collection = Collection.Create(folder.At("c"), new() { Recipe = DefaultRecipe, Keywords = false }, OsFileSystem.Instance, new(Small, BackgroundMaintenance: false)))
        {
            await AddAsync(collection, sample, 0, 6000);
            await collection.MaintainAsync();
            Check("built", collection, sample, live);
            await AddAsync(collection, sample, 6000, Sentences - 6000);
            live.UnionWith(Enumerable.Range(6000, Sentences - 6000));
            Check("appended", collection, sample, live);
            await collection.MaintainAsync();
            Check("maintained", collection, sample, live);
            var gone = live.Where(i => i % 4 == 1).ToList();
            await collection.DeleteAsync(gone.Select(i => $"s{i}"));
            live.ExceptWith(gone);
            Check("deleted", collection, sample, live);
            // As a power cut leaves it: the folder is copied while it is open.
            using (var crashed = Collection.Open(folder.CopyOf(folder.At("c")), null, OsFileSystem.Instance, Small))
                Check("crashed", crashed, sample, live);
            await collection.CompactAsync();
            Check("compacted", collection, sample, live);
        }
        using var fresh = Collection.Create(folder.At("fresh"), new() { Recipe = DefaultRecipe, Keywords = false }, OsFileSystem.Instance, new(Small, BackgroundMaintenance: false));
        foreach (var i in live.Order().Chunk(4000))
            await fresh.UpsertAsync(i.Select(row => RecordOf(sample, row)), new() { BatchSize = 4096 });
        await fresh.CompactAsync();
        using var old = Collection.Open(folder.At("c"), null, OsFileSystem.Instance, Small);
        var plan = SearchPlan.Of(SearchPreset.Balanced);
        Assert.InRange(Recall(old, sample, live, plan) - Recall(fresh, sample, live, plan), -0.01, 1);
    }

    [Theory]
    [InlineData(2, 0.5)]
    [InlineData(10, 0.1)]
    [InlineData(100, 0.01)]
    [InlineData(1000, 0.001)]
    public async Task A_filter_costs_no_recall(int every, double share)
    {
        var sample = await Embedded.Value;
        using var collection = Collection.Create(folder.At("c"), new() { Recipe = DefaultRecipe, Keywords = false }, OsFileSystem.Instance, new(Small, BackgroundMaintenance: false));
        await AddAsync(collection, sample, 0, Sentences);
        await collection.CompactAsync();
        var filter = Filter.Parse($"row{every} = 0");
        var kept = Enumerable.Range(0, Sentences).Where(i => i % every == 0).ToHashSet();
        Assert.Equal(share * Sentences, kept.Count);
        foreach (var (preset, least) in Floors)
            Assert.True(Recall(collection, sample, kept, SearchPlan.Of(preset), filter) is var recall && recall >= least, $"{preset} finds {recall} of {share:P1}");
    }

    private static ModelRecipe DefaultRecipe => StaticModel.Default.Recipe;

    private static void Check(string when, Collection collection, Sample sample, HashSet<int> live)
    {
        foreach (var (preset, least) in Floors)
            Assert.True(Recall(collection, sample, live, SearchPlan.Of(preset)) is var recall && recall >= least, $"{when}: {preset} finds {recall}");
    }

    private static double Recall(Collection collection, Sample sample, HashSet<int> live, SearchPlan plan, Filter? filter = null)
    {
        using var reader = filter is null ? collection.OpenReader() : collection.OpenReader(filter);
        long found = 0, wanted = 0;
        var scores = new float[live.Count];
        for (var q = 0; q < Questions; q++)
        {
            var exact = sample.Scores[q];
            var i = 0;
            foreach (var row in live)
                scores[i++] = -exact[row];
            Array.Sort(scores);
            var count = Math.Min(10, live.Count);
            // A row that ties with the tenth, within what half precision tells apart, is as good.
            var least = -scores[count - 1] - 2e-4f;
            found += reader.Keys(reader.Nearest(sample.Questions[q], 10, plan, filter).Ids).Count(key => exact[int.Parse(key![1..])] >= least);
            wanted += count;
        }
        return found / (double)wanted;
    }

    private static Task<UpsertResult> AddAsync(Collection collection, Sample sample, int first, int count) =>
        collection.UpsertAsync(Enumerable.Range(first, count).Select(i => RecordOf(sample, i)), new() { BatchSize = 4096 });

    private static Record RecordOf(Sample sample, int row) => new()
    {
        Key = $"s{row}",
        Vector = sample.Sentences[row],
        Metadata = new JsonObject { ["row2"] = row % 2, ["row10"] = row % 10, ["row100"] = row % 100, ["row1000"] = row % 1000 },
    };

    private static async Task<Sample> EmbedAsync()
    {
        using var model = StaticEmbeddingGenerator.Default();
        var corpus = Lines("corpus.jsonl").SelectMany(line => Text(line).Split(". ", StringSplitOptions.RemoveEmptyEntries)).Where(s => s.Length > 20).Take(Sentences).ToList();
        Assert.Equal(Sentences, corpus.Count);
        var (sentences, questions) = (await Of(corpus), await Of(Lines("queries.jsonl").Select(Text).Where((_, i) => i % 50 == 0).Take(Questions)));
        return new(sentences, questions, [.. questions.Select(question => sentences.Select(sentence => TensorPrimitives.Dot<float>(sentence, question)).ToArray())]);

        async Task<float[][]> Of(IEnumerable<string> texts) => [.. (await model.GenerateAsync(texts)).Select(embedding => embedding.Vector.ToArray())];
    }

    /// <summary>Unit vectors, and the cosine of every question with every sentence.</summary>
    private sealed record Sample(float[][] Sentences, float[][] Questions, float[][] Scores);

    private static string Text(string line) => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!;

    private static IEnumerable<string> Lines(string file) => File.ReadLines(RepositoryFiles.Path("samples", "squad", file));
}
