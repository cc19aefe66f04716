using System.Numerics;

namespace Matryoshka.Storage;

/// <summary>A segment and how many of its rows are dead.</summary>
internal sealed record SegmentState(StoredSegment Stored, long Dead)
{
    public long Live => Stored.Rows - Dead;
}

/// <summary>One piece of maintenance.</summary>
/// <param name="Inputs">Neighbouring segments, in order of id.</param>
/// <param name="Rewrites">Whether they become one new segment without their dead rows; else the one input stays and gets lists.</param>
/// <param name="Lists">Whether the result gets lists.</param>
internal sealed record MaintenanceWork(IReadOnlyList<StoredSegment> Inputs, bool Rewrites, bool Lists);

/// <summary>Decides what a collection's segments need next.</summary>
internal static class MaintenanceRules
{
    /// <summary>
    /// So many neighbours of one size class are merged into one of the next: a row is then rewritten once per factor of
    /// eight the collection grows, and a search meets at most seven segments for each class there is.
    /// </summary>
    public const int MergeFactor = 8;

    /// <summary>A segment with more than one dead row in so many is rewritten alone: a scan reads its dead rows for nothing every time.</summary>
    public const int DeadShare = 5;

    /// <summary>
    /// Merges first, the smallest first, since they make the other work obsolete; then segments with too many dead rows;
    /// then missing lists, the largest first, since a search gains most from it. Null when nothing is due.
    /// </summary>
    /// <param name="segments">All of them, in order of id.</param>
    /// <param name="wantsLists">Whether a segment of so many rows gets lists.</param>
    public static MaintenanceWork? Next(IReadOnlyList<SegmentState> segments, Func<int, bool> wantsLists)
    {
        if (MergeStart(segments) is { } start)
        {
            var inputs = segments.Skip(start).Take(MergeFactor).ToList();
            var live = inputs.Sum(s => s.Live);
            return new([.. inputs.Select(s => s.Stored)], Rewrites: true, Wanted(live) && !MergesAgain(segments, start, live));
        }
        if (segments.FirstOrDefault(s => s.Dead * DeadShare > s.Stored.Rows) is { } worn)
            return new([worn.Stored], Rewrites: true, Wanted(worn.Live));
        return segments.Where(s => s.Stored.Lists is null && Wanted(s.Stored.Rows)).MaxBy(s => s.Stored.Rows) is { } bare
            ? new([bare.Stored], Rewrites: false, Lists: true)
            : null;

        bool Wanted(long rows) => rows is > 0 and <= SegmentFormat.MaxRows && wantsLists((int)rows);
    }

    // The window that ends with the smallest class, the oldest of several. Smaller segments inside it go along: else pairs
    // of a large and a small one could line up for ever. Without a window, all segments of the largest class stand among
    // the first seven, those of the next class among the seven behind the last of them, and so on: at most seven for each class.
    private static int? MergeStart(IReadOnlyList<SegmentState> segments)
    {
        int? best = null;
        for (var start = 0; start + MergeFactor <= segments.Count; start++)
        {
            var last = SizeClass(segments[start + MergeFactor - 1]);
            long rows = 0;
            var fits = best is null || last < SizeClass(segments[best.Value + MergeFactor - 1]);
            for (var i = start; fits && i < start + MergeFactor; i++)
            {
                rows += segments[i].Stored.Rows;
                fits = SizeClass(segments[i]) <= last && rows <= SegmentFormat.MaxRows;
            }
            if (fits)
                best = start;
        }
        return best;
    }

    // Lists for a segment that is merged again at once would be built for nothing.
    private static bool MergesAgain(IReadOnlyList<SegmentState> segments, int start, long live)
    {
        var merged = new SegmentState(segments[start].Stored with { Rows = live }, 0);
        List<SegmentState> after = [.. segments.Take(start), merged, .. segments.Skip(start + MergeFactor)];
        while (MergeStart(after) is { } next)
        {
            if (next <= start && start < next + MergeFactor)
                return true;
            // Another window's turn comes first; what it leaves decides.
            var rows = after.Skip(next).Take(MergeFactor).Sum(s => s.Live);
            after[next] = new(after[next].Stored with { Rows = rows }, 0);
            after.RemoveRange(next + 1, MergeFactor - 1);
            if (next < start)
                start -= MergeFactor - 1;
        }
        return false;
    }

    private static int SizeClass(SegmentState segment) => BitOperations.Log2((ulong)Math.Max(segment.Stored.Rows / RecordWriter.SealThreshold, 1)) / 3;
}
