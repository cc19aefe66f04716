namespace Matryoshka.Tuning.Reranking;

/// <summary>
/// Plans with one reranker over the same retrieval, but for how many candidates it reads. The score of a query and a text does not depend
/// on what else is read, so one run over the most candidates answers for all.
/// </summary>
/// <param name="Reranker">Its name.</param>
/// <param name="Plans">The plans, from the fewest candidates to the most.</param>
/// <param name="MayShrink">Whether the deepest may be given up for want of time.</param>
internal sealed record RerankFamily(string Reranker, IReadOnlyList<SearchPlan> Plans, bool MayShrink)
{
    private static readonly int[] Depths = [10, 20, 50, 100];

    /// <summary>Candidates of the deepest plan.</summary>
    public int Deepest => DepthOf(Plans[^1]);

    /// <summary>What finds the candidates of the deepest plan, and those of the others as its first ones.</summary>
    public SearchPlan Retrieval => new(Plans[^1].Stages);

    public static int DepthOf(SearchPlan plan) => plan.Stages[^1].Keep!.Value;

    /// <summary>The family without its deepest plan; null if there is no other or all are wanted.</summary>
    public RerankFamily? Shrunk() => MayShrink && Plans.Count > 1 ? this with { Plans = [.. Plans.Take(Plans.Count - 1)] } : null;

    /// <summary>Ten to a hundred candidates of one retrieval, for each reranker.</summary>
    /// <param name="names">The rerankers.</param>
    /// <param name="retrieval">The plan to build on.</param>
    /// <param name="k">Hits asked for: fewer candidates leave nothing to choose from.</param>
    /// <param name="rows">Rows there are.</param>
    public static List<RerankFamily> Around(IEnumerable<string> names, SearchPlan retrieval, int k, long rows)
    {
        var depths = Depths.Where(depth => depth >= k && depth <= rows).DefaultIfEmpty((int)Math.Min(2 * k, Math.Max(k, rows)));
        return [.. names.Select(name => new RerankFamily(name, [.. depths.Select(depth => new SearchPlan(Deepened(retrieval.Stages, depth), new(name, k)))], true))];
    }

    /// <summary>Plans that were named, by reranker and retrieval.</summary>
    public static List<RerankFamily> Of(IEnumerable<SearchPlan> plans) =>
        [.. plans.GroupBy(plan => (plan.Rerank!.Name, Shape: new SearchPlan([.. plan.Stages.SkipLast(1), plan.Stages[^1] with { Keep = null }]).ToString()))
            .Select(group => new RerankFamily(group.Key.Name, [.. group.OrderBy(DepthOf)], false))];

    // A shortlist made for k hits holds twice the candidates that are wanted of it at least.
    private static List<SearchStage> Deepened(IReadOnlyList<SearchStage> stages, int depth) =>
        [.. stages.Select((stage, s) => s == stages.Count - 1 ? stage with { Keep = depth } : stage.Keep is { } keep ? stage with { Keep = Math.Max(keep, 2 * depth) } : stage)];
}
