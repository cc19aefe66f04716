using Matryoshka.Tuning.Truth;

namespace Matryoshka.Tuning.Exploring;

/// <summary>Turns what was found for a query into its measures.</summary>
internal sealed class Evaluator(TruthSet truth, int k)
{
    /// <summary>What is measured of every query, the measure that decides first.</summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    public TruthSet Truth => truth;

    public int K => k;

    /// <summary>The usual measures: all of them where there are judgements, the comparisons with full elsewhere.</summary>
    public static List<Metric> Usual(bool judged, Metric primary)
    {
        var metrics = Metric.All(primary.Depth).Where(metric => judged || metric.IsAgainstFull).ToList();
        metrics.Remove(primary);
        metrics.Insert(0, primary);
        return metrics;
    }

    /// <param name="query">Its number.</param>
    /// <param name="found">Ids found, best first.</param>
    /// <param name="full">The exact full ranking, deeper than k.</param>
    /// <param name="values">Takes one value a measure.</param>
    public void Measure(int query, ReadOnlySpan<long> found, RankedList full, Span<float> values)
    {
        found = found[..Math.Min(found.Length, k)];
        var judged = truth.Truths?[query];
        var units = truth.Units?.Units(found) ?? found;
        var grades = judged is null ? default : Grades(judged, units);
        var best = full.Ids.AsSpan(0, Math.Min(k, full.Ids.Length));
        for (var m = 0; m < Metrics.Count; m++)
            values[m] = (float)(Metrics[m].Kind == MetricKind.Overlap ? Overlap(found, full, Metrics[m].Depth)
                : Metrics[m].IsAgainstFull ? RankComparison.Of(Metrics[m], found, best)
                : RankedMetrics.OfIdeal(Metrics[m], grades, judged!.Ideal));
    }

    /// <summary>Units that matter to a query: what is relevant, or the full ranking's best where nothing is judged.</summary>
    public long[] Wanted(int query, RankedList full) =>
        truth.Truths?[query] is { } judged ? [.. judged.Relevant] : full.Ids[..Math.Min(k, full.Ids.Length)];

    /// <summary>Those of the full ranking's best k that matter to a query.</summary>
    public long[] WantedOfFull(int query, RankedList full)
    {
        var wanted = Wanted(query, full).ToHashSet();
        return [.. full.Ids.Take(k).Where(id => wanted.Contains(UnitOf(id)))];
    }

    public long UnitOf(long id) => truth.Units?.UnitOf(id) ?? id;

    private static int[] Grades(QueryTruth judged, ReadOnlySpan<long> units)
    {
        var grades = new int[units.Length];
        for (var i = 0; i < grades.Length; i++)
            grades[i] = judged.GradeOf(units[i]);
        return grades;
    }

    // A record whose true score equals the k-th one's counts as one of them, because no order among equals is the right one.
    private static double Overlap(ReadOnlySpan<long> found, RankedList full, int depth)
    {
        var wanted = Math.Min(depth, full.Ids.Length);
        if (wanted == 0)
            return 1;
        var (hits, last) = (0, full.Scores[wanted - 1]);
        foreach (var id in found[..Math.Min(found.Length, depth)])
            if (full.RankOf(id) is var rank && rank < full.Ids.Length && full.Scores[rank] >= last)
                hits++;
        return (double)Math.Min(hits, wanted) / wanted;
    }
}
