namespace Matryoshka.Tuning.Exploring;

/// <summary>One stage's ranking of all rows for one query, to the depth looked at.</summary>
internal sealed class RankedList
{
    private readonly Dictionary<long, int> rankOf;

    public RankedList(Neighbours found)
    {
        Ids = [.. found.Ids];
        Scores = [.. found.Scores];
        rankOf = new(Ids.Length);
        for (var i = 0; i < Ids.Length; i++)
            rankOf[Ids[i]] = i;
    }

    public long[] Ids { get; }

    public float[] Scores { get; }

    /// <summary>The place of a row from 0; beyond the list's end for rows it does not reach.</summary>
    public int RankOf(long id) => rankOf.GetValueOrDefault(id, int.MaxValue);
}

/// <summary>
/// What a plan finds, put together from its stages' own rankings instead of run: what a stage keeps of its candidates are those
/// its ranking of all rows places first. Exact as long as the rankings reach deep enough; where they do not, candidates keep the
/// order they came in. Whatever is recommended has been run for real as well.
/// </summary>
internal static class Composition
{
    public static long[] Run(SearchPlan plan, int k, ReadOnlySpan<long> first, Func<SearchStage, RankedList> rankingOf)
    {
        var stages = plan.Stages;
        var kept = first[..Math.Min(first.Length, stages.Count == 1 ? Math.Min(k, stages[0].Keep ?? k) : stages[0].Keep!.Value)].ToArray();
        for (var s = 1; s < stages.Count; s++)
        {
            var ranking = rankingOf(stages[s]);
            var keep = s == stages.Count - 1 ? Math.Min(k, stages[s].Keep ?? k) : stages[s].Keep!.Value;
            kept = Best(kept, ranking, Math.Min(keep, kept.Length));
        }
        return kept;
    }

    private static long[] Best(long[] candidates, RankedList ranking, int keep)
    {
        var keys = new long[candidates.Length];
        // Rank first, then the order they came in, in one number to sort by.
        for (var i = 0; i < keys.Length; i++)
            keys[i] = ((long)ranking.RankOf(candidates[i]) << 32) | (uint)i;
        SelectFirst(keys, keep);
        var best = new long[keep];
        for (var i = 0; i < keep; i++)
            best[i] = candidates[(int)keys[i]];
        return best;
    }

    // A shortlist of thousands is cut to ten: what does not beat the tenth so far is passed over in one comparison.
    private static void SelectFirst(long[] keys, int keep)
    {
        if (keep * 8 >= keys.Length)
        {
            Array.Sort(keys);
            return;
        }
        Array.Sort(keys, 0, keep);
        for (var i = keep; i < keys.Length; i++)
        {
            if (keys[i] >= keys[keep - 1])
                continue;
            var key = keys[i];
            var at = keep - 1;
            for (; at > 0 && keys[at - 1] > key; at--)
                keys[at] = keys[at - 1];
            keys[at] = key;
        }
    }
}
