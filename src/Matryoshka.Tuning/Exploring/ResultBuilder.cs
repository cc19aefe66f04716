using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Tuning.Exploring;

/// <summary>Puts what was explored, run and timed into one result a plan.</summary>
internal sealed class ResultBuilder(Workbench bench, Exploration exploration, BuildCost build)
{
    public IReadOnlyList<PlanResult> Build(IReadOnlyList<PlanRun> runs, IReadOnlyList<MeasuredTimes> times)
    {
        var full = runs.First(run => run.Plan.Equals(bench.Exact)).Values[0];
        var measured = runs.Select((run, i) => Measured(run, times[i], full)).ToList();
        var front = measured.Where(result => !measured.Exists(other => Beats(other, result))).ToHashSet();
        // First looks are short and cold: what is only explored is put on the scale of what was timed.
        var ratios = exploration.Plans.Where(plan => measured.Exists(result => result.Plan.Equals(plan.Plan))).Select(plan => measured.Find(result => result.Plan.Equals(plan.Plan))!.RoughSeconds / plan.Seconds).Order().ToList();
        var scale = ratios[ratios.Count / 2];
        var explored = exploration.Plans.Where(plan => !runs.Any(run => run.Plan.Equals(plan.Plan))).Select(plan => Explored(plan, scale));
        return [.. measured.Select(result => result with { OnFront = front.Contains(result) }).Concat(explored).OrderByDescending(result => result.Measured).ThenByDescending(result => result.Kept.Share).ThenBy(result => result.RoughSeconds)];
    }

    // Times within 3 % are the same time.
    private static bool Beats(PlanResult a, PlanResult b) =>
        a.Kept.Share >= b.Kept.Share && a.ResidentBytes <= b.ResidentBytes && a.Latency!.P50 <= b.Latency!.P50
        && (a.Kept.Share > b.Kept.Share || a.ResidentBytes < b.ResidentBytes || a.Latency.P50 < b.Latency.P50 * 0.97);

    private PlanResult Measured(PlanRun run, MeasuredTimes time, double[] full)
    {
        // Rerankers were run on the first of the queries only, and are held against exact search on those.
        var result = Base(run.Plan, run.Values, PairedBootstrap.Of(run.Values[0], full.AsSpan(0, run.Values[0].Length))) with
        {
            Latency = new(time.Percentile(0.5), time.Percentile(0.95), time.Percentile(0.99), time.MeanSeconds * 1e6, time.QueriesPerSecond, time.Microseconds.Length,
                [.. Enumerable.Range(0, 50).Select(i => time.Percentile(i / 50.0)), time.Percentile(0.99)]),
            BytesRead = run.BytesRead,
            PerQuery = bench.Evaluator.Metrics.Select((metric, m) => (metric, m)).ToDictionary(pair => pair.metric.ToString(), pair => run.Values[pair.m]),
            RoughSeconds = time.Percentile(0.5) / 1e6,
        };
        return result with { Projection = Project(result, time) };
    }

    private Projection Project(PlanResult result, MeasuredTimes time)
    {
        var rows = bench.Options.Rows ?? bench.Info.Records;
        var growth = time.ScanShare * rows / bench.Info.Records + (1 - time.ScanShare);
        var resident = result.ResidentBytes * rows;
        var disk = (result.DiskBytes + (double)bench.Info.CatalogBytes / bench.Info.Records) * rows;
        return new(rows, resident, disk, result.Latency!.P95 * growth, bench.Options.Prices.Monthly(resident, disk, result.Latency.P50 / 1e6 * growth), build.Of(result.Plan, rows));
    }

    // A dropped plan was measured on the first queries only, and is held against exact search on those.
    private PlanResult Explored(ExploredPlan plan, double scale)
    {
        var exact = exploration.Plans.First(other => other.Plan.Equals(bench.Exact));
        var count = bench.Evaluator.Metrics.Count;
        double[][] values = [.. Enumerable.Range(0, count).Select(metric => plan.Values(metric, count))];
        double[] full = [.. exact.Primary.Take(plan.Primary.Count)];
        return Base(plan.Plan, values, PairedBootstrap.Of(values[0], full)) with { DominatedBy = plan.DominatedBy, RoughSeconds = plan.Seconds * scale };
    }

    private PlanResult Base(SearchPlan plan, double[][] values, ShareKept kept) => new()
    {
        Plan = plan,
        Quality = bench.Evaluator.Metrics.Select((metric, m) => (metric, m)).ToDictionary(pair => pair.metric.ToString(), pair => values[pair.m].Length == 0 ? 0 : values[pair.m].Average()),
        Kept = kept,
        Queries = values[0].Length,
        RoughSeconds = 0,
        ResidentBytes = Footprint.Resident(plan, bench.Info),
        DiskBytes = Footprint.Disk(plan, bench.Info),
    };
}
