using System.Diagnostics;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Runs a plan: the first stage scores every row at its prefix, or those of the nearest lists, each further one scores the
/// survivors with more dimensions or precision, and the last keeps k. Kusupati et al., "Matryoshka Representation Learning"
/// (2022), section 4.3.1, adaptive retrieval; with more than two stages their funnel retrieval.
/// </summary>
internal sealed unsafe class Funnel(Snapshot snapshot, NestedDimensions dimensions, SearchPlan plan, int k, RowSelection? selection)
{
    /// <summary>Whether queries of a batch share a pass over the rows; those that read lists each read their own.</summary>
    public bool SharesPass => plan.Stages[0].ListsPercent is null;

    /// <summary>The best k rows, best first, ties by id; what every stage did is added to <paramref name="reports"/>.</summary>
    /// <param name="query">The query.</param>
    /// <param name="threads">Threads that scan all rows; lists and survivors are read by one.</param>
    /// <param name="reports">One is added for each stage.</param>
    public Scored[] Run(QueryVector query, int threads, List<StageReport> reports)
    {
        var (stage, started) = (plan.Stages[0], Stopwatch.GetTimestamp());
        var report = new StageReport(stage.ToString(), 0, 0, 0, default);
        Scored[] survivors;
        if (stage.ListsPercent is { } percent)
            survivors = new ListsStage(snapshot, dimensions, query, stage.Dimensions ?? query.Length).Run((double)percent / 100, Keep(0), selection, ref report);
        else
        {
            using var signs = Signs(0, query);
            query.Codes(0);
            var (scan, rows) = Pass.Split(snapshot, () => Scan(0, query, signs), threads, selection);
            survivors = scan.Best();
            report = report with { In = rows, BytesRead = rows * scan.BytesPerRow + scan.FurtherBytes };
        }
        reports.Add(report with { Out = survivors.Length, Elapsed = Stopwatch.GetElapsedTime(started) });
        return Rest(query, survivors, reports);
    }

    /// <summary>As <see cref="Run"/> for several queries that share one pass over the rows; each one's report says its share of bytes and time.</summary>
    public Scored[][] RunTogether(IReadOnlyList<QueryVector> queries, IReadOnlyList<List<StageReport>> reports)
    {
        var started = Stopwatch.GetTimestamp();
        SignQuery?[] signs = [.. queries.Select(query => Signs(0, query))];
        RowScan[] scans = [.. queries.Select((query, i) => Scan(0, query, signs[i]))];
        var rows = Pass.Over(snapshot, scans, selection);
        var found = new Scored[queries.Count][];
        for (var i = 0; i < scans.Length; i++)
        {
            found[i] = scans[i].Best();
            signs[i]?.Dispose();
        }
        var elapsed = Stopwatch.GetElapsedTime(started) / queries.Count;
        for (var i = 0; i < scans.Length; i++)
        {
            reports[i].Add(new(plan.Stages[0].ToString(), rows, found[i].Length, rows * scans[i].BytesPerRow / queries.Count + scans[i].FurtherBytes, elapsed));
            found[i] = Rest(queries[i], found[i], reports[i]);
        }
        return found;
    }

    private Scored[] Rest(QueryVector query, Scored[] survivors, List<StageReport> reports)
    {
        for (var i = 1; i < plan.Stages.Count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var signs = Signs(i, query);
            var scan = Scan(i, query, signs);
            var scored = scan.Survivors(survivors);
            survivors = scan.Best();
            reports.Add(new(plan.Stages[i].ToString(), scored, survivors.Length, scored * scan.BytesPerRow + scan.FurtherBytes, Stopwatch.GetElapsedTime(started)));
        }
        return survivors;
    }

    // A bounded stage has no number of its own: it hands on what may be among the k.
    private int Keep(int stage) => stage == plan.Stages.Count - 1 || plan.Stages[stage].Bounded ? Math.Min(k, plan.Stages[stage].Keep ?? k) : plan.Stages[stage].Keep!.Value;

    private int Prefix(int stage, QueryVector query) => plan.Stages[stage].Dimensions ?? query.Length;

    private SignQuery? Signs(int stage, QueryVector query)
    {
        if (plan.Stages[stage].Precision != Precision.Bit)
            return null;
        var ends = dimensions.RingEnds(Prefix(stage, query));
        return new(query, ends, SignScan.NearOf(ends));
    }

    private RowScan Scan(int stage, QueryVector query, SignQuery? signs) =>
        plan.Stages[stage].Bounded ? new BoundedScan(snapshot, dimensions, query, Prefix(stage, query), Keep(stage))
        : signs is not null ? new SignScan(snapshot, dimensions.RingEnds(Prefix(stage, query)), signs, Keep(stage))
        : new PlaneScan(snapshot, new(query, dimensions, plan.Stages[stage].Precision, Prefix(stage, query)), new(Keep(stage)));
}
