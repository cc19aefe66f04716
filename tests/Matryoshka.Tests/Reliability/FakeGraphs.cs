using Matryoshka.Storage;

namespace Matryoshka.Tests.Reliability;

/// <summary>Graphs whose every slot follows from the segment's ids, so that what is found in a file can be checked; a row's last slot is unused.</summary>
internal sealed class FakeGraphs : IGraphBuilder
{
    /// <summary>Segments of as many records as one seals get none, larger ones do.</summary>
    public const int LeastRows = 1030;

    public const int Degree = 4;

    /// <summary>Called in the middle of every build.</summary>
    public Action<CancellationToken>? During { get; set; }

    /// <summary>For each build the parts it was given, and how many of them had a graph.</summary>
    public List<(int Parts, int WithGraph)> Builds { get; } = [];

    public bool Wants(int rows) => rows >= LeastRows;

    public GraphData Build(Segment segment, IReadOnlyList<GraphPart> parts, IProgress<GraphProgress>? progress, CancellationToken cancellationToken)
    {
        During?.Invoke(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var part in parts)
            RequireMapped(segment, part);
        lock (Builds)
            Builds.Add((parts.Count, parts.Count(part => part.Graph is not null)));
        var block = new NeighbourBlock(segment.Rows, Degree);
        for (var row = 0; row < segment.Rows; row++)
            Fill(segment, row, block[row]);
        progress?.Report(new(segment.Rows, segment.Rows));
        return new(Degree, [0, (uint)segment.Rows - 1], block, [1, 2, 3]);
    }

    /// <summary>Whether a graph is the one that is built for a segment.</summary>
    public static bool IsOf(GraphFile graph, Segment segment)
    {
        Span<uint> expected = stackalloc uint[Degree];
        for (var row = 0; row < segment.Rows; row++)
        {
            expected.Fill(GraphFormat.Unused);
            Fill(segment, row, expected);
            if (!graph.Neighbours(row).SequenceEqual(expected))
                return false;
        }
        return graph.Rows == segment.Rows && graph.Degree == Degree && graph.Entries.SequenceEqual([0u, (uint)segment.Rows - 1]) && graph.Parameters.StartsWith((ReadOnlySpan<byte>)[1, 2, 3]);
    }

    private static void Fill(Segment segment, int row, Span<uint> slots)
    {
        slots[0] = (uint)((row + 1) % segment.Rows);
        for (var slot = 1; slot < Degree - 1; slot++)
            slots[slot] = (uint)((ulong)segment.Ids[row] * 2654435761 * (ulong)slot % (ulong)segment.Rows);
    }

    private static void RequireMapped(Segment segment, GraphPart part)
    {
        var live = 0;
        for (var old = 0; old < part.Old.Rows; old++)
        {
            if (part.Map[old] is var row and >= 0 && segment.Ids[row] != part.Old.Ids[old])
                throw new InvalidOperationException($"Row {old} is mapped to {row}, but its id {part.Old.Ids[old]} is not {segment.Ids[row]}.");
            live += part.Map[old] >= 0 ? 1 : 0;
        }
        if (live != part.Map.Live || part.Map.Rows != part.Old.Rows || part.Graph is { } graph && graph.Rows != part.Old.Rows)
            throw new InvalidOperationException($"{live} of {part.Old.Rows} rows are mapped, the map says {part.Map.Live} of {part.Map.Rows}.");
    }
}
