using Matryoshka.Tuning;
using Matryoshka.Tuning.Exploring;
using Xunit;

namespace Matryoshka.Tests.Tuning;

[Collection(Tuned.Name)]
public sealed class TunerTests(TuneSample sample)
{
    [Fact]
    public void What_is_recommended_keeps_what_was_asked_and_nothing_cheaper_measured_does()
    {
        var report = sample.Report;
        var chosen = report.Recommendation.Plan;
        Assert.NotNull(chosen);
        Assert.True(chosen.Kept.Promise >= 0.9, chosen.Name);
        Assert.True(chosen.ResidentBytes < report.Full.ResidentBytes);
        Assert.DoesNotContain(report.Plans, plan => plan.Measured && plan.Kept.Promise >= 0.9 && plan.Projection!.Monthly < chosen.Projection!.Monthly);
        Assert.Equal(1, report.Full.Kept.Share);
        Assert.Equal(1, report.Full.Quality["overlap@10"]);
        // As many queries as the time allows, and those that exploring used at least.
        Assert.InRange(report.QueryIds.Count, 100, sample.Queries.Count);
        Assert.All(report.Plans.Where(plan => plan.Measured), plan => Assert.True(plan.Latency!.P50 <= plan.Latency.P95 && plan.Latency.P95 <= plan.Latency.P99));
        Assert.True(report.AtDimensions(8).Quality["ndcg@10"] < report.AtDimensions(TuneSample.Full).Quality["ndcg@10"]);
    }

    [Fact]
    public void Plans_put_together_from_rankings_find_what_they_find_when_run()
    {
        var plans = new[] { "bit:full x50 > f16:full", "int8:16 x100 > f16:full", "bit:32 x200 > int8:full x50 > f16:full", "f16:16", "bit:full x40 > int8:full", "lists 5% on bit:full x40 > f16:full", "int8:full bound > f16:full" }.Select(SearchPlan.Parse).ToList();
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
        var report = Tuner.Run(sample.Collection, sample.Queries, null, TuneSample.Few with { Keep = 0.8 });
        Assert.Equal("overlap@10", report.Metric);
        Assert.Equal(TruthKind.FullRanking, report.Truth.Kind);
        Assert.Contains(report.Recommendation.Warnings, warning => warning.Contains("cannot tell", StringComparison.Ordinal));
        Assert.DoesNotContain("ndcg@10", report.Metrics);
        Assert.Throws<MatryoshkaException>(() => Tuner.Run(sample.Collection, sample.Queries, null, TuneSample.Few with { Metric = new(MetricKind.Ndcg, 10) }));
    }

    [Fact]
    public void Too_few_queries_are_said_to_be_too_few_and_how_many_more_would_do()
    {
        var report = Tuner.Run(sample.Collection, [.. sample.Queries.Take(40)], sample.Judgements, TuneSample.Few with { Keep = 0.99, Prices = new() { MemoryGbMonth = 1 } });
        Assert.Equal(1, report.Recommendation.Plan!.Kept.Share);
        Assert.NotNull(report.Recommendation.Unsure);
        Assert.True(report.Recommendation.QueriesNeeded >= 300);
        Assert.Contains(report.Recommendation.Warnings, warning => warning.Contains("too few", StringComparison.Ordinal));
    }

    [Fact]
    public void Limits_that_nothing_meets_leave_no_recommendation_but_say_what_is_nearest()
    {
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Few with { Memory = 1000 });
        Assert.Null(report.Recommendation.Plan);
        Assert.Contains("limits", report.Recommendation.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_record_lost_was_cut_by_a_stage_that_ranks_it_behind_what_it_keeps()
    {
        using var bench = Workbench.Open(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick);
        var plan = SearchPlan.Parse("bit:16 x60 > int8:16 x20 > f16:full");
        var losses = new LossFinder(bench.Reader, bench.Evaluator, bench.Exact, 1).Find(plan, null, CancellationToken.None);
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
        var options = TuneSample.Few with { StateFile = sample.At("progress.state") };
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
    public void Building_is_measured_and_grows_with_the_rows_and_lists_by_their_root_as_well()
    {
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Few with { Rows = 1_000_000 });
        Assert.InRange(report.Build.Rows, 1, TuneSample.Records);
        Assert.True(report.Build.Seconds > 0);
        Assert.Null(report.Build.ListsSeconds);
        Assert.Equal(report.Build.Seconds * 1_000_000 / report.Build.Rows, report.Full.Projection!.BuildSeconds!.Value, 1e-9);
        var (cost, lists) = (new BuildCost(1000, 2, 3), SearchPlan.Parse("lists 2% on bit:full x100 > f16:full"));
        Assert.Equal(2 * 4 + 3 * 8, cost.Of(lists, 4000)!.Value, 1e-9);
        Assert.Equal(8, cost.Of(SearchPlan.Parse("bit:full x100 > f16:full"), 4000)!.Value, 1e-9);
        Assert.Null((cost with { ListsSeconds = null }).Of(lists, 4000));
    }

    [Fact]
    public void How_deep_a_stage_must_go_that_reads_lists_is_told_by_running_it()
    {
        const string Stage = "lists 5% on bit:full";
        var report = Tuner.Run(sample.Collection, sample.Queries, sample.Judgements, TuneSample.Quick with { Plans = [SearchPlan.Parse(Stage + " x40 > f16:full")] });
        var curve = report.DepthCurves.Single(curve => curve.FirstStage == Stage);
        Assert.Equal([10, 20, 50, 100, 200, 500], curve.Depths);
        Assert.Equal(curve.Shares.Order(), curve.Shares);
        Assert.InRange(curve.Queries, 30, 200);
        using var reader = sample.Collection.OpenReader();
        int wanted = 0, kept = 0;
        foreach (var query in report.QueryIds.Take(curve.Queries).Select(id => sample.Queries.Single(query => query.Id == id)))
        {
            var relevant = reader.GetIds([$"d{int.Parse(query.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) * 4}"])[0]!.Value;
            if (!reader.Nearest(query.Vector.Span, 10, SearchPlan.Exact()).Ids.Contains(relevant))
                continue;
            wanted++;
            kept += reader.Nearest(query.Vector.Span, 20, SearchPlan.Parse(Stage + " x20 > f16:full")).Ids.Contains(relevant) ? 1 : 0;
        }
        Assert.Equal((double)kept / wanted, curve.Shares[1], 1e-12);
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
