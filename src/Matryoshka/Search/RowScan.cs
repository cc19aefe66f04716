using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>Scores rows of a snapshot's segments: all of one, those a filter lets through, or those an earlier stage kept.</summary>
internal sealed class RowScan(Snapshot snapshot, StageScorer scorer, TopK top)
{
    public static (int View, int Row) Place(long tag) => ((int)(tag >> 32), (int)tag);

    // A tag orders as ids do: views ascend by id, and so do rows inside one.
    public static long Tag(int view, int row) => ((long)view << 32) | (uint)row;

    /// <summary>Offers the rows of a view, and returns how many were scored.</summary>
    public int All(int view, RowSelection? selection)
    {
        var allowed = selection?.ByView[view];
        return allowed is not null && allowed.Count * (long)scorer.PickedRowCost < snapshot.Views[view].Segment.Rows
            ? Picked(view, allowed.ToRows())
            : Scan(view, snapshot.Views[view].Dead, allowed);
    }

    /// <summary>Offers what an earlier stage kept.</summary>
    public int Survivors(Scored[] survivors)
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
            Picked(view, Array.ConvertAll(tags[start..end], tag => Place(tag).Row));
            start = end;
        }
        return tags.Length;
    }

    /// <summary>Offers rows by number.</summary>
    public int Picked(int view, ReadOnlySpan<int> rows)
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

    private int Scan(int view, RowBitmap? dead, RowBitmap? allowed)
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
}
