namespace Matryoshka.Tuning.Exploring;

/// <summary>
/// How deep first stages must go that read lists. What lists estimate is not told, and how closely they look depends on how many
/// candidates they keep: each depth is run for real.
/// </summary>
internal sealed class ListsDepths(CollectionReader reader, Evaluator evaluator, SearchPlan exact, int threads, Journal journal)
{
    private const int MostQueries = 200;
    private const int FewestQueries = 30;

    /// <summary>The grid's plans keep twenty times k at most.</summary>
    private const int DeepestTimes = 50;

    /// <param name="plans">The plans whose first stages are looked at.</param>
    /// <param name="order">Queries by number; the first are used.</param>
    /// <param name="budget">Time for all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public List<DepthCurve> Of(IEnumerable<ExploredPlan> plans, int[] order, TimeSpan budget, CancellationToken cancellationToken)
    {
        var stages = plans.Where(plan => plan.Plan.Stages[0].ListsPercent is not null).GroupBy(plan => plan.Plan.Stages[0] with { Keep = null })
            .Select(group => (Stage: group.Key, Seconds: group.Max(plan => plan.Seconds))).ToList();
        var depths = CurveSums.DepthsTo(evaluator.K, (int)Math.Min(Math.Min((long)DeepestTimes * evaluator.K, 10_000), reader.Rows));
        var affordable = budget.TotalSeconds * threads / Math.Max(1e-9, stages.Sum(stage => stage.Seconds) * depths.Count);
        var queries = order[..Math.Min(order.Length, (int)Math.Clamp(affordable, FewestQueries, MostQueries))];
        return [.. stages.Select(stage => Curve(stage.Stage, depths, queries, cancellationToken))];
    }

    private DepthCurve Curve(SearchStage stage, List<int> depths, int[] queries, CancellationToken cancellationToken)
    {
        var counts = journal.Of(FormattableString.Invariant($"{stage} depths to {depths[^1]} of {queries.Length}"), () =>
        {
            var within = new int[depths.Count + 1];
            Parallel.For(0, queries.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, q =>
            {
                var vector = evaluator.Truth.Queries[queries[q]].Vector;
                var wanted = evaluator.WantedOfFull(queries[q], new(reader.Nearest(vector.Span, evaluator.K, exact)));
                Interlocked.Add(ref within[^1], wanted.Length);
                for (var d = 0; d < depths.Count; d++)
                {
                    var kept = reader.Nearest(vector.Span, depths[d], new(stage with { Keep = depths[d] }, exact.Stages[0])).Ids.ToHashSet();
                    Interlocked.Add(ref within[d], wanted.Count(kept.Contains));
                }
            });
            return within;
        });
        return CurveSums.ToCurve(stage.ToString(), depths, counts[..^1], counts[^1], queries.Length);
    }
}
