using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>Builds the graphs of segments. Storage says when and keeps the files; what a graph is like is the builder's matter.</summary>
internal interface IGraphBuilder
{
    /// <summary>Whether a segment of so many rows gets a graph. The same number always gets the same answer.</summary>
    bool Wants(int rows);

    /// <summary>Builds the graph of a segment, on a background thread. The caller disposes of the result.</summary>
    /// <param name="segment">The rows, all planes mapped.</param>
    /// <param name="parts">What the segment was merged from, in order of rows; empty when nothing is known to start from.</param>
    /// <param name="progress">Told now and then, from any thread.</param>
    /// <param name="cancellationToken">To be looked at often: closing a collection waits for it.</param>
    GraphData Build(Segment segment, IReadOnlyList<GraphPart> parts, IProgress<GraphProgress>? progress, CancellationToken cancellationToken);
}

/// <summary>How far a build is.</summary>
/// <param name="Done">Rows done.</param>
/// <param name="Total">Rows in all.</param>
internal readonly record struct GraphProgress(long Done, long Total);

/// <summary>One of the segments that a new one was merged from.</summary>
/// <param name="Old">The segment.</param>
/// <param name="Graph">Its graph, if it has one.</param>
/// <param name="Map">Where its rows are in the new segment.</param>
internal sealed record GraphPart(Segment Old, GraphFile? Graph, RowMap Map);

/// <summary>A graph as built.</summary>
/// <param name="Degree">Neighbour slots of every row.</param>
/// <param name="Entries">Rows where a search begins, at least one.</param>
/// <param name="Neighbours">The slots of all rows.</param>
/// <param name="Parameters">At most 64 bytes for the builder itself: seed, algorithm, whatever tells two builds apart.</param>
internal sealed record GraphData(int Degree, uint[] Entries, NeighbourBlock Neighbours, byte[] Parameters) : IDisposable
{
    public void Dispose() => Neighbours.Dispose();
}

/// <summary>The neighbour slots of many rows in native memory, since they may exceed an array's 2 GB; all unused at first.</summary>
internal sealed unsafe class NeighbourBlock : IDisposable
{
    private uint* pointer;

    public NeighbourBlock(int rows, int degree)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        (Rows, Degree) = (rows, degree);
        var bytes = checked((nuint)rows * (nuint)degree * sizeof(uint));
        pointer = (uint*)NativeMemory.AlignedAlloc(bytes, SegmentFormat.Alignment);
        NativeMemory.Fill(pointer, bytes, 0xFF);
    }

    public int Rows { get; }

    public int Degree { get; }

    /// <summary>The slots of row 0, those of all other rows behind them.</summary>
    public uint* Pointer => pointer;

    public Span<uint> this[int row]
    {
        get
        {
            ObjectDisposedException.ThrowIf(pointer is null, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
            return new(pointer + (long)row * Degree, Degree);
        }
    }

    /// <summary>The slots of some rows, which must fit a span.</summary>
    public ReadOnlySpan<uint> Part(int firstRow, int rows)
    {
        ObjectDisposedException.ThrowIf(pointer is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, Rows - rows);
        return new(pointer + (long)firstRow * Degree, checked(rows * Degree));
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(pointer);
        pointer = null;
    }
}
