namespace Matryoshka.Tuning.Exploring;

/// <summary>Finds, for every relevant record that a plan loses, the stage that cut it and its rank there.</summary>
internal sealed class LossFinder(CollectionReader reader, Evaluator evaluator, SearchPlan exact, int threads)
{
    private const int MostRecords = 500;
    private const int DeepestLook = 10_000;

    private sealed record Lost(int Query, long Id, int FullRank, int Stage, int? Rank);

    public FunnelLosses Find(SearchPlan plan, CancellationToken cancellationToken)
    {
        var queries = evaluator.Truth.Queries;
        var lost = new List<Lost>();
        int wanted = 0, notInFull = 0;
        Parallel.For(0, queries.Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, q =>
        {
            var full = new RankedList(reader.Nearest(queries[q].Vector.Span, evaluator.K, exact));
            var relevant = evaluator.Wanted(q, full).ToHashSet();
            var there = full.Ids.Where(id => relevant.Contains(evaluator.UnitOf(id))).ToList();
            var found = reader.Nearest(queries[q].Vector.Span, evaluator.K, plan).Ids.Select(evaluator.UnitOf).ToHashSet();
            var missed = there.Where(id => !found.Contains(evaluator.UnitOf(id))).Select(id => Trace(plan, q, id, full.RankOf(id) + 1)).ToList();
            lock (lost)
            {
                wanted += there.Count;
                notInFull += relevant.Except(full.Ids.Select(evaluator.UnitOf)).Count();
                lost.AddRange(missed);
            }
        });
        lost.Sort((a, b) => a.Query != b.Query ? a.Query.CompareTo(b.Query) : a.FullRank.CompareTo(b.FullRank));
        var shown = lost.Take(MostRecords).ToList();
        var keys = reader.Keys([.. shown.Select(record => record.Id)]);
        return new(plan, wanted, notInFull,
            [.. plan.Stages.Select((stage, s) => Loss(stage, [.. lost.Where(record => record.Stage == s)]))],
            [.. shown.Select((record, i) => new LostRecord(queries[record.Query].Id, queries[record.Query].Text, keys[i], record.FullRank, record.Stage, record.Rank))]);
    }

    private StageLoss Loss(SearchStage stage, List<Lost> lost)
    {
        var ranks = lost.Select(record => record.Rank ?? int.MaxValue).Order().ToList();
        return new((stage with { Keep = null }).ToString(), stage.Keep ?? evaluator.K, lost.Count, ranks.Count == 0 || ranks[ranks.Count / 2] == int.MaxValue ? null : ranks[ranks.Count / 2]);
    }

    // What lists estimate is not told; whether they hand a record on is.
    private bool PassesLists(SearchPlan plan, int query, long id, int keeps) =>
        reader.Nearest(evaluator.Truth.Queries[query].Vector.Span, Math.Min(DeepestLook, keeps), new(plan.Stages[0], plan.Stages[1] with { Keep = null })).Ids.Contains(id);

    // Stage by stage, each let keep all that comes in: the first whose ranking puts the record behind what it may keep has cut it.
    private Lost Trace(SearchPlan plan, int query, long id, int fullRank)
    {
        var rank = int.MaxValue;
        for (var s = 0; s < plan.Stages.Count; s++)
        {
            // What goes by bounds cuts nothing that could be found.
            if (plan.Stages[s].Bounded)
                continue;
            var (stage, incoming) = (plan.Stages[s], s == 0 ? DeepestLook : Math.Min(DeepestLook, plan.Stages[s - 1].Keep ?? DeepestLook));
            var keeps = s == plan.Stages.Count - 1 ? evaluator.K : stage.Keep!.Value;
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
