using Matryoshka.Tuning;
using Matryoshka.Tuning.Exploring;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed class TunerTests(TuneSample sample) : IClassFixture<TuneSample>
{
    [Fact]
    public void What_is_recommended_keeps_what_was_asked_and_nothing_cheaper_measured_does()
    {
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick);
        var chosen = report.Recommendation.Plan;
        Assert.NotNull(chosen);
        Assert.True(chosen.Kept.Promise >= 0.9, chosen.Name);
        Assert.True(chosen.ResidentBytes < report.Full.ResidentBytes);
        Assert.DoesNotContain(report.Plans, plan => plan.Measured && plan.Kept.Promise >= 0.9 && plan.Projection!.Monthly < chosen.Projection!.Monthly);
        Assert.Equal(1, report.Full.Kept.Share);
        Assert.Equal(1, report.Full.Quality["overlap@10"]);
        Assert.Equal(sample.Queries.Count, report.QueryIds.Count);
        Assert.All(report.Plans.Where(plan => plan.Measured), plan => Assert.True(plan.Latency!.P50 <= plan.Latency.P95 && plan.Latency.P95 <= plan.Latency.P99));
        Assert.True(report.AtDimensions(8).Quality["ndcg@10"] < report.AtDimensions(TuneSample.Full).Quality["ndcg@10"]);
    }

    [Fact]
    public void Plans_put_together_from_rankings_find_what_they_find_when_run()
    {
        var plans = new[] { "bit:full x50 > f16:full", "int8:16 x100 > f16:full", "bit:32 x300 > int8:full x50 > f16:full", "f16:16", "bit:full x40 > int8:full", "lists 5% on bit:full x40 > f16:full", "int8:full bound > f16:full" }.Select(SearchPlan.Parse).ToList();
        using var bench = Workbench.Open(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick);
        using var journal = new Journal(null, "");
        var exploration = new Explorer(bench.Reader, bench.Evaluator, bench.Info, new(1, TimeSpan.FromMinutes(1), Drop: false), journal, null).Run([.. plans, bench.Exact], CancellationToken.None);
        var runs = new PlanRunner(bench.Reader, bench.Evaluator, bench.Exact, 1, journal, null).Run(plans, exploration.Order, CancellationToken.None);
        foreach (var run in runs)
        {
            var explored = exploration.Plans.Single(plan => plan.Plan.Equals(run.Plan));
            for (var metric = 0; metric < bench.Evaluator.Metrics.Count; metric++)
                Assert.Equal(run.Values[metric], explored.Values(metric, bench.Evaluator.Metrics.Count));
        }
    }

    [Fact]
    public void Without_judgements_the_full_ranking_is_the_truth_and_the_report_says_what_that_cannot_tell()
    {
        var report = Tuner.Run(sample.Collection, sample.Queries, null, TuneSample.Quick with { Keep = 0.8 });
        Assert.Equal("overlap@10", report.Metric);
        Assert.Equal(TruthKind.FullRanking, report.Truth.Kind);
        Assert.Contains(report.Recommendation.Warnings, warning => warning.Contains("cannot tell", StringComparison.Ordinal));
        Assert.DoesNotContain("ndcg@10", report.Metrics);
        Assert.Throws<MatryoshkaException>(() => Tuner.Run(sample.Collection, sample.Queries, null, TuneSample.Quick with { Metric = new(MetricKind.Ndcg, 10) }));
    }

    [Fact]
    public void Too_few_queries_are_said_to_be_too_few_and_how_many_more_would_do()
    {
        var report = Tuner.Run(sample.Collection, [.. sample.Queries.Take(40)], sample.Judgements, TuneSample.Quick with { Keep = 0.99, Prices = new() { MemoryGbMonth = 1 } });
        Assert.Equal(1, report.Recommendation.Plan!.Kept.Share);
        Assert.NotNull(report.Recommendation.Unsure);
        Assert.True(report.Recommendation.QueriesNeeded >= 300);
        Assert.Contains(report.Recommendation.Warnings, warning => warning.Contains("too few", StringComparison.Ordinal));
    }

    [Fact]
    public void Limits_that_nothing_meets_leave_no_recommendation_but_say_what_is_nearest()
    {
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick with { Memory = 1000 });
        Assert.Null(report.Recommendation.Plan);
        Assert.Contains("limits", report.Recommendation.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_record_lost_was_cut_by_a_stage_that_ranks_it_behind_what_it_keeps()
    {
        using var bench = Workbench.Open(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick);
        var plan = SearchPlan.Parse("bit:16 x60 > int8:16 x20 > f16:full");
        var losses = new LossFinder(bench.Reader, bench.Evaluator, bench.Exact, 1).Find(plan, CancellationToken.None);
        Assert.NotEmpty(losses.Records);
        Assert.Equal(losses.Lost, losses.Records.Count);
        Assert.All(losses.Records, record => Assert.True(record.RankThere > losses.Stages[record.Stage].Keeps, record.ToString()));
        var (mine, full) = (losses.Wanted - losses.Lost, losses.Wanted + losses.NotInFull);
        Assert.Equal(sample.Queries.Count, full);
        Assert.Equal(mine, sample.Queries.Count(query => bench.Reader.Keys(bench.Reader.Nearest(query.Vector.Span, 10, plan).Ids).Contains($"d{int.Parse(query.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) * 4}")));
    }

    [Fact]
    public void An_interrupted_run_goes_on_with_what_it_had_and_another_measurement_begins_anew()
    {
        var options = TuneSample.Quick with { StateFile = sample.At("progress.state") };
        using var stop = new CancellationTokenSource();
        var interrupt = new Stopper(stop);
        Assert.ThrowsAny<OperationCanceledException>(() => Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, options, interrupt, stop.Token));
        File.AppendAllText(options.StateFile!, "half a li");
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, options);
        Assert.True(report.Resumed > 5, $"{report.Resumed} measurements resumed");
        var again = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, options);
        Assert.True(again.Resumed > report.Resumed);
        Assert.Equal(report.Plans.Select(plan => (plan.Name, plan.Kept.Share, plan.Latency?.P95)), again.Plans.Select(plan => (plan.Name, plan.Kept.Share, plan.Latency?.P95)));
        Assert.Equal(0, Tuner.Run(sample.Collection, [.. sample.Queries.Skip(1)], sample.Judgements, options).Resumed);
    }

    [Fact]
    public void Judgements_that_name_unknown_records_are_counted_and_above_a_share_refused()
    {
        var judgements = new Judgements();
        foreach (var query in sample.Queries)
            judgements.Add(query.Id, $"d{query.Id[1..]}", 1);
        judgements.Add("q0", "nowhere", 1);
        judgements.Add("asked by nobody", "d1", 1);
        using (var bench = Workbench.Open(sample.Collection, sample.Queries, judgements, TuneSample.Quick))
        {
            Assert.Equal((1, 1), (bench.Evaluator.Truth.Summary.Unknown, bench.Evaluator.Truth.Summary.Missing));
            Assert.Equal(["nowhere"], bench.Evaluator.Truth.Summary.UnknownKeys);
        }
        for (var i = 0; i < 100; i++)
            judgements.Add($"q{i}", $"gone {i}", 1);
        Assert.Contains("'nowhere'", Assert.Throws<MatryoshkaException>(() => Workbench.Open(sample.Collection, sample.Queries, judgements, TuneSample.Quick)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_input_is_refused_with_what_to_do()
    {
        void Refused(string expected, IReadOnlyList<TuneQuery> queries, TuneOptions options, Judgements? judgements) =>
            Assert.Contains(expected, Assert.ThrowsAny<MatryoshkaException>(() => Tuner.Run(sample.Collection, queries, judgements, options)).Message, StringComparison.Ordinal);
        Refused("no queries", [], TuneSample.Quick, null);
        Refused("twice", [sample.Queries[0], sample.Queries[0]], TuneSample.Quick, null);
        Refused("components", [new("q", new float[8])], TuneSample.Quick, null);
        Refused("same ids", [new("other", sample.Queries[0].Vector)], TuneSample.Quick, sample.Judgements);
        Refused("too short", sample.Queries, TuneSample.Quick with { Budget = TimeSpan.FromMilliseconds(0.01) }, null);
        Refused("above 0 %", sample.Queries, TuneSample.Quick with { Keep = 1.5 }, null);
        Refused("deeper", sample.Queries, TuneSample.Quick with { Metric = new(MetricKind.Ndcg, 20) }, sample.Judgements);
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<TuneProgress>
    {
        public void Report(TuneProgress value)
        {
            if (value.Phase == "running")
                source.Cancel();
        }
    }
}
