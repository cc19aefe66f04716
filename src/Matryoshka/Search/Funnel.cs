using System.Diagnostics;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Runs a plan: the first stage scores every row at its prefix, each further one scores the survivors with more
/// dimensions or precision, and the last keeps k. Kusupati et al., "Matryoshka Representation Learning" (2022), section
/// 4.3.1, adaptive retrieval; with more than two stages their funnel retrieval.
/// </summary>
internal sealed class Funnel(Snapshot snapshot, NestedDimensions dimensions, QueryVector query)
{
    /// <summary>The best k rows, best first, ties by id; what every stage did is added to <paramref name="reports"/>.</summary>
    public Scored[] Run(SearchPlan plan, int k, RowSelection? selection, List<StageReport> reports)
    {
        Scored[] survivors = [];
        for (var i = 0; i < plan.Stages.Count; i++)
        {
            var stage = plan.Stages[i];
            var started = Stopwatch.GetTimestamp();
            var scorer = new StageScorer(query, dimensions, stage.Precision, stage.Dimensions ?? query.Length);
            var top = new TopK(i == plan.Stages.Count - 1 ? Math.Min(k, stage.Keep ?? k) : stage.Keep!.Value);
            var scored = i == 0 ? ScanAll(scorer, top, selection) : Rescore(scorer, top, survivors);
            survivors = Array.ConvertAll(top.Best().ToArray(), hit => hit with { Score = scorer.Cosine(hit.Score) });
            reports.Add(new(stage.ToString(), scored, survivors.Length, scored * scorer.BytesPerRow, Stopwatch.GetElapsedTime(started)));
        }
        return survivors;
    }

    public static (int View, int Row) Place(long tag) => ((int)(tag >> 32), (int)tag);

    // A tag orders as ids do: views ascend by id, and so do rows inside one.
    private static long Tag(int view, int row) => ((long)view << 32) | (uint)row;

    private long ScanAll(StageScorer scorer, TopK top, RowSelection? selection)
    {
        long scored = 0;
        for (var v = 0; v < snapshot.Views.Count; v++)
        {
            var view = snapshot.Views[v];
            var allowed = selection?.ByView[v];
            if (allowed is not null && allowed.Count * (long)scorer.PickedRowCost < view.Segment.Rows)
                scored += ScoreRows(scorer, top, v, allowed.ToRows());
            else
                scored += Scan(scorer, top, v, view.Dead, allowed);
        }
        return scored;
    }

    private int Scan(StageScorer scorer, TopK top, int view, RowBitmap? dead, RowBitmap? allowed)
    {
        var segment = snapshot.Views[view].Segment;
        scorer.Bind(segment);
        for (var first = 0; first < segment.Rows; first += BlockScorer.Rows)
        {
            var picked = scorer.Blocks.Pick(first, Math.Min(BlockScorer.Rows, segment.Rows - first), top);
            var scores = scorer.Blocks.Scores;
            foreach (var place in picked)
                if (dead?[first + place] != true && allowed?[first + place] != false)
                    top.Add(scores[place], Tag(view, first + place));
        }
        return segment.Rows;
    }

    private long Rescore(StageScorer scorer, TopK top, Scored[] survivors)
    {
        // In order of place: each segment is bound once and its planes are read forward.
        var tags = Array.ConvertAll(survivors, survivor => survivor.Tag);
        Array.Sort(tags);
        for (var start = 0; start < tags.Length;)
        {
            var view = Place(tags[start]).View;
            var end = start;
            while (end < tags.Length && Place(tags[end]).View == view)
                end++;
            ScoreRows(scorer, top, view, Array.ConvertAll(tags[start..end], tag => Place(tag).Row));
            start = end;
        }
        return tags.Length;
    }

    private int ScoreRows(StageScorer scorer, TopK top, int view, ReadOnlySpan<int> rows)
    {
        if (!rows.IsEmpty)
            scorer.Bind(snapshot.Views[view].Segment);
        for (var done = 0; done < rows.Length; done += BlockScorer.Rows)
        {
            var part = rows[done..Math.Min(done + BlockScorer.Rows, rows.Length)];
            var scores = scorer.Blocks.ScoreAt(part);
            for (var i = 0; i < part.Length; i++)
                top.Add(scores[i], Tag(view, part[i]));
        }
        return rows.Length;
    }
}
