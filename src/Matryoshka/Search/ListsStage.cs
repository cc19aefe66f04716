using Matryoshka.Lists;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>The first stage of a plan that reads lists: a share of each segment's, and all rows of segments without.</summary>
internal sealed unsafe class ListsStage(Snapshot snapshot, NestedDimensions dimensions, QueryVector query, int prefix)
{
    private const long PickedRowCost = 10;

    /// <summary>Rows of segments without lists are shortlisted by their signs, where those are enough to tell: of so many times as many.</summary>
    private const int Shortlist = 2;

    private const int FewestSigns = 256;

    /// <summary>The best rows, best first.</summary>
    public Scored[] Run(double share, int keep, RowSelection? selection, ref StageReport report)
    {
        // A few rows are offered by both of their lists; what is left after that is cut to as many as asked.
        var top = new TopK(keep + keep / 4);
        var rows = new PlaneScan(snapshot, new(query, dimensions, snapshot.Views is [var first, ..] && !first.Segment.HasInt8 ? first.Segment.Full : Precision.Int8, prefix), top);
        var ends = dimensions.RingEnds(prefix);
        using var flat = new SignQuery(query, ends, SignScan.NearOf(ends));
        var bits = new SignScan(snapshot, ends, flat, (int)Math.Min((long)keep * Shortlist, SearchPlan.MaxKeep));
        SignQuery? signs = null;
        ListScan? scan = null;
        long scored = 0, scanned = 0;
        for (var v = 0; v < snapshot.Views.Count; v++)
        {
            var view = snapshot.Views[v];
            if (view.Lists?.View is { } lists && !IsFew(selection?.ByView[v], lists, share))
            {
                scan ??= new(signs = new(query, ListScan.Parts(lists, prefix), 1, Scale(view.Segment)));
                scan.Run(lists, Widened(share, selection?.ByView[v], lists), top, RowScan.Tag(v, 0), view.Dead, selection?.ByView[v]);
            }
            else if (view.Segment.HasBit && prefix >= FewestSigns && selection is null)
                scanned += Pass.Over(v, [bits], null);
            else
                scored += Pass.Over(v, [rows], selection);
        }
        scored += rows.Survivors(bits.Best());
        signs?.Dispose();
        report = report with { In = scored + scanned + (scan?.Read ?? 0), BytesRead = scored * rows.BytesPerRow + scanned * bits.BytesPerRow + bits.FurtherBytes + (scan?.BytesRead ?? 0), ListsRead = scan?.Visited ?? 0 };
        return Distinct(top.Best(), keep);
    }

    // A row picked by number takes as long as about ten postings in turn: exact, and no list to miss it in.
    private static bool IsFew(RowBitmap? allowed, ListsView lists, double share) =>
        allowed is not null && allowed.Count * PickedRowCost < Widened(share, allowed, lists) * lists.Postings;

    /// <summary>
    /// The nearest of few rows lie further away than the nearest of all, in more lists: a filter makes the share grow.
    /// </summary>
    private static double Widened(double share, RowBitmap? allowed, ListsView lists) =>
        allowed is null ? share : Math.Min(1, share * Math.Sqrt(lists.Rows / (double)Math.Max(allowed.Count, 1)));

    /// <summary>What turns dots of prefixes into cosines, on average: rows of one model have prefixes of much the same length.</summary>
    private float Scale(Segment segment)
    {
        const int Sampled = 64;
        if (prefix == dimensions.Full)
            return query.InverseNorm(prefix);
        var norms = StageScorer.InverseNorms(segment, dimensions, prefix);
        double sum = 0;
        for (var i = 0; i < Sampled; i++)
            sum += norms[(int)((long)i * segment.Rows / Sampled)];
        return query.InverseNorm(prefix) * (float)(sum / Sampled);
    }

    private static Scored[] Distinct(ReadOnlySpan<Scored> best, int keep)
    {
        var seen = new HashSet<long>(best.Length);
        var distinct = new List<Scored>(keep);
        foreach (var hit in best)
            if (distinct.Count < keep && seen.Add(hit.Tag))
                distinct.Add(hit);
        return [.. distinct];
    }
}
