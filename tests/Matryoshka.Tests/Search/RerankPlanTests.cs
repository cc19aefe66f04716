using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Search;

public class RerankPlanTests
{
    [Theory]
    [InlineData("f16:full x50 > rerank:cross-encoder/mini x10", "cross-encoder/mini", 10)]
    [InlineData("bit:full x200 > f16:full x50 > rerank:cohere:rerank-v3.5", "cohere:rerank-v3.5", null)]
    [InlineData("f16:full x50 > rerank:/models/my reranker x7", "/models/my reranker", 7)]
    [InlineData("f16:full x50 > rerank:x10", "x10", null)]
    [InlineData("f16:full x50 > rerank:a x b", "a x b", null)]
    public void A_plan_with_a_reranker_is_read_and_printed_without_loss(string text, string name, int? keep)
    {
        var plan = SearchPlan.Parse(text);
        Assert.Equal(new RerankStage(name, keep), plan.Rerank);
        Assert.Equal(text, plan.ToString());
        Assert.Equal(plan, SearchPlan.Parse("  " + text.Replace(" > ", ">", StringComparison.Ordinal) + " "));
        Assert.Equal(plan, new SearchPlan(plan.Stages, plan.Rerank));
        Assert.NotEqual(plan, new SearchPlan(plan.Stages));
    }

    [Theory]
    [InlineData("rerank:a", "no candidates")]
    [InlineData("f16:full x5 > rerank:a x3 > f16:full", "comes last")]
    [InlineData("f16:full x5 > rerank:a > rerank:b", "comes last")]
    [InlineData("f16:full > rerank:a", "does not say how many")]
    [InlineData("f16:full x5 > rerank:", "does not name")]
    [InlineData("f16:full x5 > rerank:a x6", "only narrows")]
    [InlineData("f16:full x5 > rerank:a x0", "1 or more")]
    [InlineData("f16:full x5 > rerank:a x99999999999", "not x and a number")]
    [InlineData("f16:full x10001 > rerank:a", "at most 10000")]
    public void A_plan_that_cannot_be_run_is_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidFormatException>(() => SearchPlan.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_that_would_be_read_as_something_else_is_refused()
    {
        foreach (var name in new[] { "", " a", "a > b", "a\nb", "a x10" })
            Assert.Throws<InvalidFormatException>(() => new SearchPlan([new(Precision.F16, null, 5)], new RerankStage(name)));
    }

    [Fact]
    public async Task The_reranker_reads_the_candidates_and_decides_their_order()
    {
        using var folder = new TestFolder();
        using var collection = await CreateAsync(folder);
        using var reranker = new LengthReranker();
        var options = new SearchOptions { K = 3, Plan = SearchPlan.Parse("f16:full x5 > rerank:length x4"), Rerankers = name => name == "length" ? reranker : null };
        var found = await collection.SearchAsync("bread and water", options);
        var expected = (await collection.SearchAsync("bread and water", new() { K = 5, Plan = SearchPlan.Parse("f16:full") })).Hits.OrderByDescending(hit => hit.Text.Length).ThenBy(hit => hit.Rank).Take(3).ToList();
        Assert.Equal(expected.Select(hit => (hit.Key, (double)hit.Text.Length, (int?)hit.Rank, (double?)hit.Score)), found.Hits.Select(hit => (hit.Key, hit.Score, hit.RetrievalRank, hit.RetrievalScore)));
        Assert.Equal([1, 2, 3], found.Hits.Select(hit => hit.Rank));
        Assert.All(found.Hits, hit => Assert.Null(hit.ScoreDimensions));
        Assert.Equal(("rerank:length x4", 5, 3), (found.Stages[^1].Stage, found.Stages[^1].In, found.Stages[^1].Out));
        Assert.Equal(options.Plan, found.Plan);
        Assert.Equal("bread and water", reranker.Query);

        var many = new List<SearchResults>();
        await foreach (var answer in collection.SearchManyAsync(["bread", "water", "iron"], options))
            many.Add(answer);
        Assert.All(many, answer => Assert.Equal(3, answer.Hits.Count));
        var similar = await collection.SimilarAsync("r2", options);
        Assert.DoesNotContain(similar.Hits, hit => hit.Key == "r2");
        Assert.Equal("iron and water rust", reranker.Query);
        var keyword = await collection.SearchAsync("water", options with { Mode = SearchMode.Keyword });
        Assert.Equal(keyword.Hits.Select(hit => (double)hit.Text.Length), keyword.Hits.Select(hit => hit.Score));
        Assert.Equal(3, (await collection.SearchAsync("water", options with { Mode = SearchMode.Hybrid })).Hits.Count);
        Assert.Empty((await collection.SearchAsync("bread", options with { Filter = Filter.Parse("no = 1") })).Hits);
    }

    [Fact]
    public async Task What_a_reranker_cannot_read_is_an_error()
    {
        using var folder = new TestFolder();
        using var collection = await CreateAsync(folder);
        using var reranker = new LengthReranker();
        var options = new SearchOptions { K = 3, Plan = SearchPlan.Parse("f16:full x5 > rerank:length"), Rerankers = _ => reranker };
        async Task Refused(string expected, Func<Task> search) => Assert.Contains(expected, (await Assert.ThrowsAsync<MatryoshkaException>(search)).Message, StringComparison.Ordinal);
        var vector = new float[512];
        vector[3] = 1;
        await Refused("reads texts", () => collection.SearchAsync(vector, options));
        using (var reader = collection.OpenReader())
            await Refused("reads texts", () => Task.FromResult(reader.Nearest(vector, 3, options.Plan)));
        await Refused("not known here", () => collection.SearchAsync("bread", options with { Rerankers = null }));
        await Refused("not known here", () => collection.SearchAsync("bread", options with { Rerankers = _ => null }));
        await Refused("keeps fewer", () => collection.SearchAsync("bread", options with { K = 6 }));
        await Refused("keeps fewer", () => collection.SimilarAsync("r1", options with { K = 5 }));
        reranker.Answer = [new(7, 1)];
        await Refused("cannot be used", () => collection.SearchAsync("bread", options));
        await collection.UpsertAsync(new Record { Key = "mute", Vector = vector });
        await Refused("'mute' has none", () => collection.SearchAsync("bread", options with { Plan = SearchPlan.Parse("f16:full x50 > rerank:length") }));
    }

    private static async Task<Collection> CreateAsync(TestFolder folder)
    {
        var collection = Collection.Create(folder.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
        string[] texts = ["bread", "bread and water", "iron and water rust", "a long text about bread, ovens and flour", "stars", "water"];
        await collection.UpsertAsync(texts.Select((text, i) => new Record { Key = $"r{i}", Text = text }));
        return collection;
    }

    /// <summary>Prefers long texts.</summary>
    private sealed class LengthReranker : IReranker
    {
        public string? Query { get; private set; }

        public RerankResult[]? Answer { get; set; }

        public Task<IReadOnlyList<RerankResult>> RerankAsync(string query, IReadOnlyList<string> documents, int? topN = null, CancellationToken cancellationToken = default)
        {
            Query = query;
            return Task.FromResult<IReadOnlyList<RerankResult>>(Answer ?? [.. documents.Select((text, i) => new RerankResult(i, text.Length)).OrderByDescending(r => r.Score).ThenBy(r => r.Index).Take(topN ?? int.MaxValue)]);
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
