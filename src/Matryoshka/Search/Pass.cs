using System.Runtime.ExceptionServices;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// One pass over the rows of a snapshot for one or several queries: a block is read from memory once and scored for all of them
/// while it is in the cache. Or, for one query, on several threads, each with a share of the rows.
/// </summary>
internal static class Pass
{
    /// <summary>Rows worth a thread: 10 µs to wake one up are a hundredth of the time it then takes.</summary>
    private const int RowsAThread = 65_536;

    /// <summary>Offers all rows to every scan, and returns how many they are.</summary>
    public static long Over(Snapshot snapshot, ReadOnlySpan<RowScan> scans, RowSelection? selection)
    {
        long rows = 0;
        for (var view = 0; view < snapshot.Views.Count; view++)
            rows += Over(view, scans, selection);
        foreach (var scan in scans)
            if (scan.FellShort(rows))
                Over(snapshot, [scan], selection);
        return rows;
    }

    /// <summary>Offers the rows of one segment, or a share of them.</summary>
    public static int Over(int view, ReadOnlySpan<RowScan> scans, RowSelection? selection, int part = 0, int parts = 1)
    {
        var allowed = selection?.ByView[view];
        foreach (var scan in scans)
            scan.Turn(view, allowed);
        var rows = allowed is not null && allowed.Count * (long)scans[0].PickedRowCost < scans[0].Rows
            ? Picked(scans, allowed, part, parts)
            : Blocks(scans, part, parts);
        foreach (var scan in scans)
            scan.Finish();
        return rows;
    }

    /// <summary>Scans for one query on several threads; returns the scan that holds all that was found, and the number of rows.</summary>
    /// <param name="snapshot">The rows.</param>
    /// <param name="make">Makes a scan; called on each thread.</param>
    /// <param name="threads">How many, at most.</param>
    /// <param name="selection">Rows to leave in.</param>
    public static (RowScan Scan, long Rows) Split(Snapshot snapshot, Func<RowScan> make, int threads, RowSelection? selection)
    {
        var parts = (int)Math.Clamp(snapshot.LiveRows / RowsAThread, 1, threads);
        var scans = new RowScan[parts];
        var rows = new long[parts];
        if (parts == 1)
            Run(0);
        else
            Together(parts, Run);
        for (var part = 1; part < parts; part++)
            scans[0].Take(scans[part]);
        if (scans[0].FellShort(rows.Sum()))
            Over(snapshot, [scans[0]], selection);
        return (scans[0], rows.Sum());

        void Run(int part)
        {
            scans[part] = make();
            for (var view = 0; view < snapshot.Views.Count; view++)
                rows[part] += Over(view, [scans[part]], selection, part, parts);
        }
    }

    private static void Together(int parts, Action<int> run)
    {
        try
        {
            Parallel.For(0, parts, new() { MaxDegreeOfParallelism = parts }, run);
        }
        catch (AggregateException several)
        {
            // A disk that fails is told as itself.
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

    private static int Blocks(ReadOnlySpan<RowScan> scans, int part, int parts)
    {
        var blocks = (scans[0].Rows + RowScan.Block - 1) / RowScan.Block;
        var (first, end) = ((int)((long)blocks * part / parts), (int)((long)blocks * (part + 1) / parts));
        var every = scans[0].SampleEvery;
        for (var block = first; block < end && every > 0; block += every)
            Block(scans, block);
        foreach (var scan in scans)
            scan.Sampled();
        for (var block = first; block < end; block++)
            if (every == 0 || (block - first) % every != 0)
                Block(scans, block);
        return Math.Min(end * RowScan.Block, scans[0].Rows) - first * RowScan.Block;
    }

    private static void Block(ReadOnlySpan<RowScan> scans, int block)
    {
        var first = block * RowScan.Block;
        foreach (var scan in scans)
            scan.Offer(first, Math.Min(RowScan.Block, scan.Rows - first));
    }

    private static int Picked(ReadOnlySpan<RowScan> scans, RowBitmap allowed, int part, int parts)
    {
        var rows = allowed.ToRows();
        var mine = rows[(int)((long)rows.Length * part / parts)..(int)((long)rows.Length * (part + 1) / parts)];
        foreach (var scan in scans)
            scan.Offer(mine);
        return mine.Length;
    }
}
