namespace Matryoshka.Tuning.Exploring;

/// <summary>Finds, for every relevant record that a plan loses, the stage that cut it and its rank there.</summary>
internal sealed class LossFinder(CollectionReader reader, Evaluator evaluator, SearchPlan exact, int threads)
{
    private const int MostRecords = 500;
    private const int DeepestLook = 10_000;

    private sealed record Lost(int Query, long Id, int FullRank, int Stage, int? Rank);

    /// <param name="plan">The plan.</param>
    /// <param name="reranked">Where it ends in a reranker, all candidates in its order for the queries it was run on; else null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public FunnelLosses Find(SearchPlan plan, IReadOnlyDictionary<int, long[]>? reranked, CancellationToken cancellationToken)
    {
        var queries = evaluator.Truth.Queries;
        int[] asked = reranked is null ? [.. Enumerable.Range(0, queries.Count)] : [.. reranked.Keys.Order()];
        var retrieval = new SearchPlan(plan.Stages);
        var depth = reranked is null ? evaluator.K : plan.Stages[^1].Keep!.Value;
        var lost = new List<Lost>();
        int wanted = 0, notInFull = 0;
        Parallel.ForEach(asked, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, q =>
        {
            var full = new RankedList(reader.Nearest(queries[q].Vector.Span, evaluator.K, exact));
            var relevant = evaluator.Wanted(q, full).ToHashSet();
            var there = evaluator.WantedOfFull(q, full);
            long[] ranked = [.. (reranked?[q] ?? [.. reader.Nearest(queries[q].Vector.Span, depth, retrieval).Ids]).Select(evaluator.UnitOf)];
            var missed = there.Select(id => (Id: id, Place: Array.IndexOf(ranked, evaluator.UnitOf(id)))).Where(record => record.Place < 0 || record.Place >= evaluator.K)
                .Select(record => record.Place >= 0 ? new Lost(q, record.Id, full.RankOf(record.Id) + 1, plan.Stages.Count, record.Place + 1) : Trace(retrieval, depth, q, record.Id, full.RankOf(record.Id) + 1)).ToList();
            lock (lost)
            {
                wanted += there.Length;
                notInFull += relevant.Except(full.Ids.Select(evaluator.UnitOf)).Count();
                lost.AddRange(missed);
            }
        });
        lost.Sort((a, b) => a.Query != b.Query ? a.Query.CompareTo(b.Query) : a.FullRank.CompareTo(b.FullRank));
        var shown = lost.Take(MostRecords).ToList();
        var keys = reader.Keys([.. shown.Select(record => record.Id)]);
        return new(plan, wanted, notInFull,
            [.. Names(plan).Select((stage, s) => Loss(stage.Name, stage.Keep ?? evaluator.K, [.. lost.Where(record => record.Stage == s)]))],
            [.. shown.Select((record, i) => new LostRecord(queries[record.Query].Id, queries[record.Query].Text, keys[i], record.FullRank, record.Stage, record.Rank))]);
    }

    private static IEnumerable<(string Name, int? Keep)> Names(SearchPlan plan)
    {
        foreach (var stage in plan.Stages)
            yield return ((stage with { Keep = null }).ToString(), stage.Keep);
        if (plan.Rerank is { } rerank)
            yield return ((rerank with { Keep = null }).ToString(), rerank.Keep);
    }

    private static StageLoss Loss(string stage, int keeps, List<Lost> lost)
    {
        var ranks = lost.Select(record => record.Rank ?? int.MaxValue).Order().ToList();
        return new(stage, keeps, lost.Count, ranks.Count == 0 || ranks[ranks.Count / 2] == int.MaxValue ? null : ranks[ranks.Count / 2]);
    }

    // What lists estimate is not told; whether they hand a record on is.
    private bool PassesLists(SearchPlan plan, int query, long id, int keeps) =>
        reader.Nearest(evaluator.Truth.Queries[query].Vector.Span, Math.Min(DeepestLook, keeps), new(plan.Stages[0], plan.Stages[1] with { Keep = null })).Ids.Contains(id);

    // Stage by stage, each let keep all that comes in: the first whose ranking puts the record behind what it may keep has cut it.
    private Lost Trace(SearchPlan plan, int depth, int query, long id, int fullRank)
    {
        var rank = int.MaxValue;
        for (var s = 0; s < plan.Stages.Count; s++)
        {
            // What goes by bounds cuts nothing that could be found.
            if (plan.Stages[s].Bounded)
                continue;
            var (stage, incoming) = (plan.Stages[s], s == 0 ? DeepestLook : Math.Min(DeepestLook, plan.Stages[s - 1].Keep ?? DeepestLook));
            var keeps = s == plan.Stages.Count - 1 ? depth : stage.Keep!.Value;
            if (stage.ListsPercent is not null && PassesLists(plan, query, id, keeps))
                continue;
            if (stage.ListsPercent is not null)
                return new(query, id, fullRank, s, null);
            var open = new SearchPlan([.. plan.Stages.Take(s), stage with { Keep = null }]);
            var ids = reader.Nearest(evaluator.Truth.Queries[query].Vector.Span, incoming, open).Ids;
            rank = int.MaxValue;
            for (var i = 0; i < ids.Count && rank == int.MaxValue; i++)
                if (ids[i] == id)
                    rank = i + 1;
            if (rank > keeps)
                return new(query, id, fullRank, s, rank == int.MaxValue ? null : rank);
        }
        // Another piece of its document stands for it at every stage, or it ties with the last one kept.
        return new(query, id, fullRank, plan.Stages.Count - 1, rank);
    }
}
