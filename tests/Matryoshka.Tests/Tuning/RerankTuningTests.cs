using System.Text.Json;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Exploring;
using Xunit;

namespace Matryoshka.Tests.Tuning;

[Collection(Tuned.Name)]
public sealed class RerankTuningTests(TuneSample sample)
{
    private static TuneOptions With(IReranker reranker) => TuneSample.Few with { Budget = TimeSpan.FromSeconds(1.2), Rerankers = new Dictionary<string, IReranker> { ["words"] = reranker } };

    [Fact]
    public void A_reranker_is_measured_at_every_depth_from_one_run_over_the_most_candidates()
    {
        using var words = new WordReranker();
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, With(words));
        Assert.Null(report.Recommendation.Plan!.Plan.Rerank);
        var reranked = report.Plans.Where(plan => plan.Plan.Rerank is not null).OrderBy(plan => plan.Plan.Stages[^1].Keep).ToList();
        Assert.Equal([10, 20, 50, 100], reranked.Select(plan => plan.Plan.Stages[^1].Keep!.Value));
        // It is better than what it is given, so all queries are measured; each was read once, after a first call to warm up.
        Assert.All(reranked, plan => Assert.Equal(sample.Queries.Count, plan.Queries));
        Assert.Equal(sample.Queries.Count + 1, words.Scored);
        foreach (var plan in reranked)
        {
            var expected = report.QueryIds.Select(id => Math.Min(1, 1 / Math.Log2(1 + Rank(plan.Plan, sample.Queries.Single(query => query.Id == id))))).ToList();
            Assert.Equal(expected.Select(value => (float)value), plan.PerQuery!["ndcg@10"].Select(value => (float)value));
            Assert.True(plan is { Measured: true, Latency.Samples: >= 5, Latency.P50: > 0, BytesRead: > 0 });
        }
        Assert.True(reranked[^1].Kept.Share > report.Full.Kept.Share);
        Assert.Contains(report.Recommendation.Reranked!.Name, report.Recommendation.WhatRerankingAdds, StringComparison.Ordinal);
        Assert.Null(report.Recommendation.Dearer?.Plan.Rerank);
        var folder = sample.At("reranked");
        Assert.Contains("What a reranker adds", File.ReadAllText(ReportFiles.Write(report, folder)), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Join(folder, "rerank.svg")));
        Assert.Equal(1 + report.Plans.Where(plan => plan.Measured).Sum(plan => plan.Queries), File.ReadLines(Path.Join(folder, "queries.csv")).Count());
    }

    // The one relevant record is the only one that shares its number with the query: it comes first if it is a candidate.
    private double Rank(SearchPlan plan, TuneQuery query)
    {
        using var reader = sample.Collection.OpenReader();
        var depth = plan.Stages[^1].Keep!.Value;
        var found = reader.Keys(reader.Nearest(query.Vector.Span, depth, new(plan.Stages)).Ids);
        return found.Contains($"d{int.Parse(query.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) * 4}") ? 1 : double.PositiveInfinity;
    }

    [Fact]
    public void More_than_full_quality_may_be_asked_of_a_reranker_and_its_losses_are_traced()
    {
        using var words = new WordReranker();
        var named = SearchPlan.Parse("bit:16 x20 > rerank:words x10");
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, With(words) with { Keep = 1.02, Plans = [named, SearchPlan.Parse("f16:full x100 > rerank:words x10")] });
        Assert.Equal("f16:full x100 > rerank:words x10", report.Recommendation.Plan!.Name);
        Assert.Equal(["f16:full", "rerank:words"], report.Losses.Stages.Select(stage => stage.Stage));
        Assert.Equal(0, report.Losses.Lost);
        Assert.True(report.Of(named).Kept.Share < 1);
        using var json = JsonDocument.Parse(ReportFiles.ToJson(report));
        Assert.Equal("f16:full x100 > rerank:words x10", json.RootElement.GetProperty("recommendation").GetProperty("plan").GetProperty("plan").GetString());
        Assert.Contains("rerank:words", ReportFiles.PlansCsv(report), StringComparison.Ordinal);

        using var bench = Workbench.Open(sample.Collection, sample.Queries, sample.Judgements, With(words));
        using var backwards = new WordReranker(backwards: true);
        var wrong = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, With(backwards) with { Keep = 0.01, Plans = [SearchPlan.Parse("f16:full x20 > rerank:words x10")] });
        Assert.Contains("No reranker", wrong.Recommendation.WhatRerankingAdds, StringComparison.Ordinal);
        // What does not help is measured on a hundred queries and no more.
        Assert.Equal(100, wrong.Recommendation.Reranked!.Queries);
    }

    [Fact]
    public void What_a_reranker_has_scored_is_not_asked_of_it_again()
    {
        using var words = new WordReranker();
        var options = With(words) with { StateFile = sample.At("reranked.state"), Plans = [SearchPlan.Parse("f16:full x20 > rerank:words x10")] };
        var first = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, options);
        using var idle = new WordReranker();
        var again = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, options with { Rerankers = new Dictionary<string, IReranker> { ["words"] = idle } });
        Assert.Equal((0, 0), (idle.Scored, idle.Searched));
        Assert.Equal(first.Plans.Select(plan => (plan.Name, plan.Kept.Share, plan.Latency?.P50)), again.Plans.Select(plan => (plan.Name, plan.Kept.Share, plan.Latency?.P50)));
    }

    [Fact]
    public void What_cannot_be_reranked_or_takes_too_long_is_refused_with_what_to_do()
    {
        void Refused(string expected, IReranker reranker, IReadOnlyList<TuneQuery>? queries = null, Judgements? judgements = null, TuneOptions? options = null) =>
            Assert.Contains(expected, Assert.Throws<MatryoshkaException>(() => Tuner.Run(sample.Collection, queries ?? sample.Queries, judgements ?? sample.Judgements, options ?? With(reranker))).Message, StringComparison.Ordinal);
        using var words = new WordReranker();
        Assert.Contains("judged", Assert.Throws<MatryoshkaException>(() => Tuner.Run(sample.Collection, sample.Queries, null, With(words))).Message, StringComparison.Ordinal);
        Refused("no text", words, [.. sample.Queries.Select(query => query with { Text = null })]);
        Refused("not known here", words, options: TuneSample.Few with { Plans = [SearchPlan.Parse("f16:full x20 > rerank:words x10")] });
        Refused("keeps fewer", words, options: With(words) with { Plans = [SearchPlan.Parse("f16:full x5 > rerank:words")] });
        using var mute = new WordReranker(mute: true);
        Refused("finite score", mute);
        using var slow = new WordReranker(delay: TimeSpan.FromMilliseconds(20));
        Refused("too short for the reranker", slow, options: With(slow) with { Budget = TimeSpan.FromSeconds(0.5) });
    }

    /// <summary>Counts the words that query and text share.</summary>
    private sealed class WordReranker(bool backwards = false, bool mute = false, TimeSpan delay = default) : IReranker
    {
        /// <summary>Calls for every score, and calls for the best few as a search makes them.</summary>
        public int Scored { get; private set; }

        public int Searched { get; private set; }

        public async Task<IReadOnlyList<RerankResult>> RerankAsync(string query, IReadOnlyList<string> documents, int? topN = null, CancellationToken cancellationToken = default)
        {
            _ = topN is null ? Scored++ : Searched++;
            if (delay > TimeSpan.Zero)
                await Task.Delay(delay, cancellationToken);
            var words = query.Split(' ').ToHashSet();
            var ranked = documents.Select((text, i) => new RerankResult(i, mute ? double.NaN : text.Split(' ').Count(words.Contains) * (backwards ? -1 : 1))).OrderByDescending(result => result.Score);
            return [.. ranked.Take(topN ?? int.MaxValue)];
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
