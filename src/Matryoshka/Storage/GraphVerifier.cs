using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>Reads a whole graph file and lists what is wrong with it; by reads, not through a map, as <see cref="SegmentVerifier"/> does.</summary>
internal static class GraphVerifier
{
    private const int BlockBytes = 1 << 20;

    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static IReadOnlyList<SegmentProblem> Verify(IReadableFile file, string path, Guid collectionId, uint segmentChecksum, int rows, CancellationToken cancellationToken = default) =>
        SegmentProblem.Of(path, problems =>
        {
            var header = GraphHeader.Read(file, path, collectionId);
            GraphFile.RequireSegment(path, header, segmentChecksum, rows);
            new Check(file, path, header, problems, cancellationToken).Run();
        });

    /// <summary>Whether a row's slots name rows that exist, and none behind an unused slot.</summary>
    public static bool IsSound(ReadOnlySpan<uint> slots, int rows)
    {
        var used = slots.IndexOf(GraphFormat.Unused);
        used = used < 0 ? slots.Length : used;
        return !slots[..used].ContainsAnyExceptInRange(0u, (uint)rows - 1) && !slots[used..].ContainsAnyExcept(GraphFormat.Unused);
    }

    private sealed class Check(IReadableFile file, string path, GraphHeader header, List<SegmentProblem> problems, CancellationToken cancellationToken)
    {
        private readonly GraphLayout layout = header.Layout;

        public void Run()
        {
            var entries = new byte[layout.EntriesLength];
            Read(layout.EntriesStart, entries);
            Compare("the entries", layout.EntriesStart, Crc32C.Of(entries), header.EntriesChecksum);
            if (MemoryMarshal.Cast<byte, uint>(entries).ContainsAnyExceptInRange(0u, (uint)layout.Rows - 1))
                Report(layout.EntriesStart, $"the entries name a row beyond the {layout.Rows} there are");
            Neighbours();
            Padding(GraphFormat.HeaderLength, layout.EntriesStart);
            Padding(layout.EntriesStart + layout.EntriesLength, layout.NeighboursStart);
            Padding(layout.NeighboursStart + layout.NeighboursLength, layout.FileLength);
        }

        private void Neighbours()
        {
            var rows = (int)Math.Min(layout.Rows, Math.Max(1, BlockBytes / layout.RowBytes));
            var buffer = new byte[rows * layout.RowBytes];
            var checksum = 0u;
            var sound = true;
            for (var first = 0; first < layout.Rows; first += rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var bytes = buffer.AsSpan(0, (int)(Math.Min(rows, layout.Rows - first) * layout.RowBytes));
                Read(layout.NeighboursStart + first * layout.RowBytes, bytes);
                checksum = Crc32C.Append(checksum, bytes);
                var slots = MemoryMarshal.Cast<byte, uint>(bytes);
                for (var row = 0; sound && row < slots.Length / layout.Degree; row++)
                    if (!IsSound(slots.Slice(row * layout.Degree, layout.Degree), layout.Rows))
                    {
                        sound = false;
                        Report(layout.NeighboursStart + (first + row) * layout.RowBytes, $"row {first + row} has a neighbour beyond the {layout.Rows} rows, or one behind an unused slot");
                    }
            }
            Compare("the neighbours", layout.NeighboursStart, checksum, header.NeighboursChecksum);
        }

        private void Compare(string plane, long offset, uint found, uint expected)
        {
            if (found != expected)
                Report(offset, $"{plane} have the checksum {found:X8} instead of {expected:X8}");
        }

        private void Padding(long start, long end)
        {
            Span<byte> padding = stackalloc byte[SegmentFormat.Alignment];
            padding = padding[..(int)(end - start)];
            Read(start, padding);
            if (padding.IndexOfAnyExcept((byte)0) is var at and >= 0)
                Report(start + at, "the padding is not zero");
        }

        private void Read(long offset, Span<byte> bytes)
        {
            var read = file.ReadAt(offset, bytes);
            if (read < bytes.Length)
                throw new CorruptFileException(path, offset + read, "the file's length", $"{layout.FileLength}", $"{offset + read}");
        }

        private void Report(long offset, string what) =>
            problems.Add(new(path, offset, $"{path}: at byte {offset}, {what}. The graph is derived: 'mrl compact' builds it anew."));
    }
}
