using System.Text.Json.Nodes;
using Matryoshka.Tests.Reliability;
using Xunit;

namespace Matryoshka.Tests.Collections;

public sealed class CollectionTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_is_upserted_is_there_after_reopening()
    {
        using (var collection = Collection.Create(folder.At("c"), TestVectors.Options()))
            await collection.UpsertAsync(TestVectors.Record("a", 1, "alpha", new JsonObject { ["year"] = 2020 }, "s.txt"));
        using var reopened = Collection.Open(folder.At("c"));
        var record = await reopened.GetAsync("a", includeVector: true);
        Assert.NotNull(record);
        Assert.Equal("alpha", record.Text);
        Assert.Equal("s.txt", record.Source);
        Assert.Equal(2020, (int)record.Metadata!["year"]!);
        Assert.True(Model.Cosine(record.Vector!.Value.Span, TestVectors.Vector(1), 32) > 0.99999);
        Assert.Equal(1, await reopened.CountAsync());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(10_000)]
    public async Task Exact_search_finds_what_a_double_precision_scan_finds_at_every_dimension(int rows)
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, rows).Select(i => TestVectors.Record($"k{i}", i)));
        var query = TestVectors.Vector(-7);
        foreach (var d in TestVectors.Nested.Dimensions)
        {
            var expected = Enumerable.Range(0, rows).OrderByDescending(i => Model.Cosine(query, TestVectors.Vector(i), d)).Take(10).ToList();
            var found = await collection.SearchAsync(query, new() { Dimensions = d });
            for (var i = 0; i < Math.Min(10, rows); i++)
            {
                // Half precision may swap neighbours; the score at each place must agree.
                Assert.Equal(Model.Cosine(query, TestVectors.Vector(expected[i]), d), found.Hits[i].Score, 2e-3);
                Assert.Equal(d, found.Hits[i].ScoreDimensions);
            }
        }
        Assert.Empty(await collection.VerifyAsync());
    }

    [Fact]
    public async Task Replaced_and_deleted_records_are_never_found_pending_sealed_or_compacted()
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, 3000).Select(i => TestVectors.Record($"k{i}", i)));
        await collection.UpsertAsync(TestVectors.Record("k5", 100_005));
        Assert.Equal(2, await collection.DeleteAsync(["k6", "k7", "unknown"]));
        for (var round = 0; round < 2; round++)
        {
            var five = await collection.SearchAsync(TestVectors.Vector(5), new() { Dimensions = 32, K = 1 });
            Assert.NotEqual("k5", five.Hits[0].Key);
            var replaced = await collection.SearchAsync(TestVectors.Vector(100_005), new() { Dimensions = 32, K = 1 });
            Assert.Equal("k5", replaced.Hits[0].Key);
            Assert.Equal(1, replaced.Hits[0].Score, 1e-3);
            var six = await collection.SearchAsync(TestVectors.Vector(6), new() { Dimensions = 32, K = 50 });
            Assert.DoesNotContain(six.Hits, h => h.Key is "k6" or "k7");
            Assert.Equal(2998, await collection.CountAsync());
            Assert.Empty(await collection.VerifyAsync());
            if (round == 0)
            {
                var compaction = await collection.CompactAsync();
                Assert.Equal(2998, compaction.Rows);
                Assert.Single(collection.GetInfo().Segments);
                Assert.Equal(0, collection.GetInfo().DeadRows);
            }
        }
    }

    [Fact]
    public async Task Similar_leaves_out_the_record_itself()
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, 50).Select(i => TestVectors.Record($"k{i}", i)));
        var similar = await collection.SimilarAsync("k3", new() { K = 49 });
        Assert.Equal(49, similar.Hits.Count);
        Assert.DoesNotContain(similar.Hits, h => h.Key == "k3");
    }

    [Fact]
    public async Task Unchanged_records_are_not_stored_again_and_changed_metadata_keeps_the_vector()
    {
        using var collection = Collection.Create(folder.At("c"), new() { Recipe = TestVectors.Recipe(), Generator = new CountingGenerator() });
        var records = Enumerable.Range(0, 20).Select(i => new Record { Key = $"k{i}", Text = $"text number {i}" }).ToList();
        Assert.Equal(new(20, 0, 0, 0), await collection.UpsertAsync(records));
        Assert.Equal(new(0, 0, 20, 0), await collection.UpsertAsync(records));
        records[3] = records[3] with { Metadata = new JsonObject { ["a"] = 1 } };
        records[4] = records[4] with { Text = "another text" };
        Assert.Equal(new(1, 1, 18, 0), await collection.UpsertAsync(records));
        Assert.Equal(1, (int)(await collection.GetAsync("k3"))!.Metadata!["a"]!);
    }

    [Fact]
    public async Task Bad_records_are_refused_by_name_or_reported_and_passed_over()
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        var zero = new Record { Key = "zero", Text = "x", Vector = new float[32] };
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => collection.UpsertAsync(zero));
        Assert.Contains("'zero'", error.Message, StringComparison.Ordinal);
        var failures = new List<RecordFailure>();
        var nan = TestVectors.Vector(1);
        nan[4] = float.NaN;
        var result = await collection.UpsertAsync(
            [zero, TestVectors.Record("good", 1), zero with { Key = "nan", Vector = nan }, zero with { Key = "short", Vector = new float[] { 1, 2 } }, zero with { Key = "" }],
            new() { OnFailure = failures.Add });
        Assert.Equal(new(1, 0, 0, 4), result);
        Assert.Equal(["zero", "nan", "short", ""], failures.Select(f => f.Key));
    }

    [Fact]
    public void A_folder_without_a_collection_and_a_folder_with_one_are_told_apart()
    {
        Assert.Throws<CollectionNotFoundException>(() => Collection.Open(folder.At("none")));
        Collection.Create(folder.At("c"), TestVectors.Options()).Dispose();
        Assert.Throws<CollectionExistsException>(() => Collection.Create(folder.At("c"), TestVectors.Options()));
    }

    [Fact]
    public async Task A_generator_of_another_recipe_is_refused_and_the_differing_fields_named()
    {
        var recipe = TestVectors.Recipe() with { QueryPrompt = "query: " };
        Collection.Create(folder.At("c"), new() { Recipe = recipe }).Dispose();
        var error = Assert.Throws<RecipeMismatchException>(() => Collection.Open(folder.At("c"), new() { Generator = new CountingGenerator(), Recipe = TestVectors.Recipe() }));
        var difference = Assert.Single(error.Differences);
        Assert.Equal(new("query prompt", "query: ", ""), difference);
        Assert.Contains("mrl index", error.Message, StringComparison.Ordinal);
        using var same = Collection.Open(folder.At("c"), new() { Generator = new CountingGenerator(), Recipe = recipe });
        await same.UpsertAsync(new Record { Key = "a", Text = "some text" });
    }

    [Theory]
    [InlineData("bit:full x100 > f16:full")]
    [InlineData("int8:8 x200 > int8:16 x100 > f16:32 x10")]
    [InlineData("int8:16 x150 > f16:full")]
    public async Task A_funnel_finds_nearly_what_exact_search_finds_and_tags_scores_with_its_last_stage(string text)
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, 2000).Select(i => TestVectors.Record($"k{i}", i)));
        var plan = SearchPlan.Parse(text);
        Assert.Equal(text, plan.ToString());
        var overlap = 0;
        for (var q = 1; q <= 20; q++)
        {
            var exact = await collection.SearchAsync(TestVectors.Vector(-q), new() { Dimensions = 32 });
            var funnel = await collection.SearchAsync(TestVectors.Vector(-q), new() { Plan = plan });
            overlap += exact.Hits.Select(h => h.Key).Intersect(funnel.Hits.Select(h => h.Key)).Count();
            Assert.All(funnel.Hits, h => Assert.Equal((32, Precision.F16), (h.ScoreDimensions, h.ScorePrecision)));
        }
        Assert.True(overlap >= 120, $"{overlap} of 200");
    }

    [Fact]
    public async Task Many_small_upserts_seal_and_merge_and_lose_nothing()
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        for (var i = 0; i < 24; i++)
            await collection.UpsertAsync(Enumerable.Range(i * 500, 500).Select(n => TestVectors.Record($"k{n}", n)));
        await collection.MaintainAsync();
        var info = collection.GetInfo();
        Assert.Equal(12_000, info.Records);
        Assert.True(info.Segments.Count < 8, $"{info.Segments.Count} segments");
        Assert.Empty(await collection.VerifyAsync());
        var hit = await collection.SearchAsync(TestVectors.Vector(11_999), new() { K = 1 });
        Assert.Equal("k11999", hit.Hits[0].Key);
    }

    [Fact]
    public async Task Listing_gives_every_record_in_order_as_of_one_commit()
    {
        using var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, 1000).Select(i => TestVectors.Record($"k{i}", i)));
        var keys = new List<string>();
        await foreach (var record in collection.ListAsync())
        {
            if (keys.Count == 10)
                await collection.DeleteAsync(["k999"]);
            keys.Add(record.Key);
        }
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"k{i}"), keys);
        Assert.Equal(999, await collection.CountAsync());
    }

    [Fact]
    public async Task One_query_without_a_known_word_does_not_end_a_run_of_many()
    {
        using var collection = Collection.Create(folder.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
        await collection.UpsertAsync([new Record { Key = "cat", Text = "the cat sat on the mat" }, new Record { Key = "sun", Text = "the sun is a star" }]);
        var answers = new List<SearchResults>();
        await foreach (var answer in collection.SearchManyAsync(["stars and suns", "\uFFFD \uFFFD", "a cat"]))
            answers.Add(answer);
        Assert.Equal(["sun", null, "cat"], answers.Select(a => a.Hits.Count > 0 ? a.Hits[0].Key : null));
        await Assert.ThrowsAsync<InvalidVectorException>(() => collection.SearchAsync("\uFFFD"));
    }

    [Fact]
    public async Task Hybrid_search_fuses_both_rankings_and_takes_a_plan_that_keeps_what_was_asked_for()
    {
        using var collection = Collection.Create(folder.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
        await collection.UpsertAsync(Enumerable.Range(0, 200).Select(i => new Record { Key = $"k{i}", Text = $"paragraph {i} about the weather in city number {i * 7}" })
            .Append(new Record { Key = "engine", Text = "the quokka steam engine was patented early" })
            .Append(new Record { Key = "boiler", Text = "boilers drove locomotives with hot water vapour" }));
        var keyword = await collection.SearchAsync("quokka of the engine", new() { Mode = SearchMode.Keyword, K = 5 });
        Assert.Equal("engine", Assert.Single(keyword.Hits).Key);
        Assert.Null(keyword.Plan);
        var hybrid = await collection.SearchAsync("quokka steam engine", new() { Mode = SearchMode.Hybrid, K = 5, Plan = SearchPlan.Parse("int8:64 x20 > f16:full") });
        Assert.Equal(5, hybrid.Hits.Count);
        Assert.Equal(("engine", 1, 1), (hybrid.Hits[0].Key, hybrid.Hits[0].DenseRank, hybrid.Hits[0].KeywordRank));
        Assert.Equal(2.5, hybrid.Hits[0].Score, 1e-12);
        var byRank = await collection.SearchAsync("quokka steam engine", new() { Mode = SearchMode.Hybrid, K = 5, Fusion = FusionMethod.Ranks });
        Assert.Equal("engine", byRank.Hits[0].Key);
        Assert.Equal(2.0 / 61, byRank.Hits[0].Score, 1e-12);
        Assert.All(hybrid.Hits.Skip(1), hit => Assert.Null(hit.KeywordRank));
        await Assert.ThrowsAsync<MatryoshkaException>(() => collection.SearchAsync("steam", new() { Mode = SearchMode.Hybrid, K = 30, Plan = SearchPlan.Parse("int8:64 x20 > f16:full") }));
    }
}
