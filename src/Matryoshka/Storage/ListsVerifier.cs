using System.Runtime.InteropServices;
using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>Reads a whole lists file and says what is wrong with it; by reads, not through a map, as <see cref="SegmentVerifier"/> does.</summary>
internal static class ListsVerifier
{
    private const int BlockBytes = 1 << 20;

    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static IReadOnlyList<SegmentProblem> Verify(IReadableFile file, string path, Guid collectionId, uint segmentChecksum, int rows, int dimensions, CancellationToken cancellationToken = default) =>
        SegmentProblem.Of(path, problems =>
        {
            var header = ListsHeader.Read(file, path, collectionId);
            header.RequireSegment(path, segmentChecksum, rows, dimensions);
            new Check(file, path, header, problems, cancellationToken).Run();
        });

    private sealed class Check(IReadableFile file, string path, ListsHeader header, List<SegmentProblem> problems, CancellationToken cancellationToken)
    {
        private readonly ListsLayout layout = header.Layout;

        public void Run()
        {
            var starts = MemoryMarshal.Cast<byte, uint>(Read(0, 0, (int)layout.Length(0))).ToArray();
            ListsFile.RequireStarts(path, layout, starts);
            long end = ListsFormat.HeaderLength;
            var postings = new PostingRows(starts, layout.Rows);
            for (var plane = 0; plane < ListsFormat.Planes; plane++)
            {
                Padding(end, layout.Start(plane));
                Plane(plane, plane == 1 ? postings : null);
                end = layout.Start(plane) + layout.Length(plane);
            }
            Padding(end, layout.FileLength);
            if (postings.Problem is { } problem)
                Report(layout.Start(1), problem);
        }

        private void Plane(int plane, PostingRows? postings)
        {
            var checksum = 0u;
            for (long done = 0; done < layout.Length(plane); done += BlockBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var bytes = Read(plane, done, (int)Math.Min(BlockBytes, layout.Length(plane) - done));
                checksum = Crc32C.Append(checksum, bytes);
                postings?.Add(MemoryMarshal.Cast<byte, uint>(bytes));
            }
            if (checksum != header.Checksums[plane])
                Report(layout.Start(plane), $"{ListsLayout.Names[plane]} have the checksum {checksum:X8} instead of {header.Checksums[plane]:X8}");
        }

        private void Padding(long start, long end)
        {
            var padding = new byte[end - start];
            ReadAt(start, padding);
            if (padding.AsSpan().IndexOfAnyExcept((byte)0) is var at and >= 0)
                Report(start + at, "the padding is not zero");
        }

        private byte[] Read(int plane, long offset, int length)
        {
            var bytes = new byte[length];
            ReadAt(layout.Start(plane) + offset, bytes);
            return bytes;
        }

        private void ReadAt(long offset, Span<byte> bytes)
        {
            var read = file.ReadAt(offset, bytes);
            if (read < bytes.Length)
                throw new CorruptFileException(path, offset + read, "the file's length", $"{layout.FileLength}", $"{offset + read}");
        }

        private void Report(long offset, string what) =>
            problems.Add(new(path, offset, $"{path}: at byte {offset}, {what}. Lists are derived: 'mrl compact' builds them anew."));
    }

    /// <summary>Walks the postings: every row once in a first part and at most once in a second one, ascending, and nothing behind a filler.</summary>
    private sealed class PostingRows(uint[] starts, int rows)
    {
        private readonly RowBitmap first = new(rows);
        private readonly RowBitmap second = new(rows);
        private uint place;
        private int part;
        private long least;

        private string? problem;

        public string? Problem => problem ?? (first.Count == rows ? null : $"{rows - first.Count} of {rows} rows stand in no list");

        public void Add(ReadOnlySpan<uint> postings)
        {
            foreach (var row in postings)
            {
                for (; place == starts[part + 1]; part++)
                    least = 0;
                if (row == ListsView.None)
                    least = long.MaxValue;
                else if (row < least || row >= rows)
                    problem ??= $"posting {place} names row {row}, out of order, behind a filler or beyond the {rows} there are";
                else
                {
                    var seen = part % 2 == 0 ? first : second;
                    if (seen[(int)row])
                        problem ??= $"posting {place} names row {row} a second time";
                    seen.Set((int)row);
                    least = row + 1L;
                }
                place++;
            }
        }
    }
}
