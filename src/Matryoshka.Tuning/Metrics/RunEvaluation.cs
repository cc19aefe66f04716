namespace Matryoshka.Tuning;

/// <summary>What a run scores against judgements: per query and in the mean.</summary>
/// <param name="Metric">The measure.</param>
/// <param name="Queries">The queries measured, in the run's order.</param>
/// <param name="Values">The value of each.</param>
public sealed record RunScore(Metric Metric, IReadOnlyList<string> Queries, IReadOnlyList<double> Values)
{
    /// <summary>The mean over the queries; 0 if there are none.</summary>
    public double Mean => Values.Count == 0 ? 0 : Values.Average();
}

/// <summary>
/// Scores rankings by key against judgements, as trec_eval does: over the queries that are both in the run and judged, and a
/// judged query without a relevant record counts 0.
/// </summary>
public static class RunEvaluation
{
    /// <summary>Scores one measure.</summary>
    /// <param name="run">Keys found for each query, best first; a key that stands twice counts at its first place.</param>
    /// <param name="judgements">What is relevant.</param>
    /// <param name="metric">A judged measure.</param>
    /// <param name="complete">Whether judged queries that the run lacks count 0 (trec_eval's <c>-c</c>).</param>
    public static RunScore Score(IReadOnlyDictionary<string, IReadOnlyList<string>> run, Judgements judgements, Metric metric, bool complete = false)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(judgements);
        var (queries, values) = (new List<string>(), new List<double>());
        foreach (var query in complete ? judgements.Queries : run.Keys)
        {
            var judged = judgements[query];
            if (judged.Count == 0)
                continue;
            var seen = new HashSet<string>(StringComparer.Ordinal);
            int[] grades = run.TryGetValue(query, out var keys) ? [.. keys.Where(seen.Add).Select(key => judged.GetValueOrDefault(key))] : [];
            queries.Add(query);
            values.Add(RankedMetrics.Of(metric, grades, (int[])[.. judged.Values]));
        }
        return new(metric, queries, values);
    }
}
