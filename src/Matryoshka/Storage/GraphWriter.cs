using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>Writes the graph of a segment to a file.</summary>
internal static class GraphWriter
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Writes as <see cref="SealedFile.Write"/> does.</summary>
    /// <exception cref="InvalidOperationException">The builder broke its contract.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static GraphLayout Write(IFileSystem fs, string path, Guid collectionId, Segment segment, GraphData graph, CancellationToken cancellationToken)
    {
        var layout = new GraphLayout(segment.Rows, graph.Degree, graph.Entries.Length);
        RequireSound(layout, graph);
        SealedFile.Write(fs, path, layout.FileLength, file =>
        {
            file.SetLength(layout.FileLength);
            var entries = MemoryMarshal.AsBytes(graph.Entries.AsSpan());
            file.WriteAt(layout.EntriesStart, entries);
            var neighbours = WriteNeighbours(file, layout, graph.Neighbours, cancellationToken);
            file.WriteAt(0, GraphFormat.WriteHeader(layout, collectionId, segment.Checksum, graph.Parameters, Crc32C.Of(entries), neighbours));
        });
        return layout;
    }

    private static uint WriteNeighbours(IWritableFile file, GraphLayout layout, NeighbourBlock block, CancellationToken cancellationToken)
    {
        var checksum = 0u;
        var rows = (int)Math.Max(1, BlockBytes / layout.RowBytes);
        for (var first = 0; first < layout.Rows; first += rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var slots = block.Part(first, Math.Min(rows, layout.Rows - first));
            RequireRows(slots, layout, first);
            var bytes = MemoryMarshal.AsBytes(slots);
            file.WriteAt(layout.NeighboursStart + first * layout.RowBytes, bytes);
            checksum = Crc32C.Append(checksum, bytes);
        }
        return checksum;
    }

    private static void RequireSound(GraphLayout layout, GraphData graph)
    {
        if (layout.Degree is < 1 or > GraphFormat.MaxDegree || layout.Entries is < 1 or > GraphFormat.MaxEntries
            || graph.Parameters.Length > GraphFormat.ParameterBytes
            || graph.Neighbours.Rows != layout.Rows || graph.Neighbours.Degree != layout.Degree
            || graph.Entries.AsSpan().ContainsAnyExceptInRange(0u, (uint)layout.Rows - 1))
            throw new InvalidOperationException($"The graph built for {layout.Rows} rows has {graph.Neighbours.Rows} rows of {graph.Degree} slots, {layout.Entries} entries and {graph.Parameters.Length} bytes of parameters, which no file can hold.");
    }

    private static void RequireRows(ReadOnlySpan<uint> slots, GraphLayout layout, int firstRow)
    {
        for (var row = 0; row < slots.Length / layout.Degree; row++)
            if (!GraphVerifier.IsSound(slots.Slice(row * layout.Degree, layout.Degree), layout.Rows))
                throw new InvalidOperationException($"The graph built for {layout.Rows} rows names a neighbour of row {firstRow + row} beyond them, or one behind an unused slot.");
    }
}
