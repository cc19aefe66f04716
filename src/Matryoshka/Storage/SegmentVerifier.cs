using System.Runtime.InteropServices;
using Matryoshka.Vectors;

namespace Matryoshka.Storage;

/// <summary>How many rows a verification recomputes. Every byte's checksum is compared in either case.</summary>
internal enum VerifyScope
{
    /// <summary>None.</summary>
    Checksums,

    /// <summary>The rows of every 16th block, the first included.</summary>
    Sampled,

    /// <summary>All rows.</summary>
    All,
}

/// <summary>Something wrong with a file, in words fit for a user.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Offset">First byte affected.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record SegmentProblem(string File, long Offset, string Message)
{
    /// <summary>What a check of a file adds, and the error that ended it, if one did.</summary>
    public static List<SegmentProblem> Of(string path, Action<List<SegmentProblem>> check)
    {
        var problems = new List<SegmentProblem>();
        try
        {
            check(problems);
        }
        catch (CorruptFileException e)
        {
            problems.Add(new(path, e.Offset, e.Message));
        }
        catch (Exception e) when (e is MatryoshkaException or IOException or UnauthorizedAccessException)
        {
            problems.Add(new(path, 0, e.Message));
        }
        return problems;
    }
}

/// <summary>
/// Reads a whole segment file and lists what is wrong with it. Reads by <see cref="IReadableFile.ReadAt"/>, not through a
/// map: a file that cannot be read is then an error to list, where a map would end the process.
/// </summary>
internal static class SegmentVerifier
{
    private const int SampleEvery = 16;
    private const int ReadBytes = 1 << 20;

    /// <summary>Lists the problems of a file, in the order of checks; at most one a plane and check, the first.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static IReadOnlyList<SegmentProblem> Verify(
        IFileSystem fs, string path, Guid collectionId, VerifyScope scope = VerifyScope.All, CancellationToken cancellationToken = default) =>
        SegmentProblem.Of(path, problems =>
        {
            using var file = fs.OpenRead(path);
            problems.AddRange(Verify(file, path, collectionId, scope, cancellationToken));
        });

    /// <summary>The same of a file that is open.</summary>
    public static IReadOnlyList<SegmentProblem> Verify(IReadableFile file, string path, Guid collectionId, VerifyScope scope, CancellationToken cancellationToken) =>
        SegmentProblem.Of(path, problems =>
        {
            var check = new Check(file, path, SegmentHeader.Read(file, path, collectionId), problems, cancellationToken);
            check.Checksums();
            if (scope != VerifyScope.Checksums)
                check.Rows(scope);
        });

    private sealed class Check(
        IReadableFile file, string path, SegmentHeader header, List<SegmentProblem> problems, CancellationToken cancellationToken)
    {
        private readonly SegmentLayout layout = header.Layout;
        private readonly HashSet<(int Plane, Kind Kind)> reported = [];

        private enum Kind { Checksum, Padding, Order, Values, Derived }

        public void Checksums()
        {
            var buffer = new byte[(int)Math.Min(ReadBytes, layout.FileLength)];
            CheckPadding(-1, layout.HeaderLength, SegmentFormat.Align(layout.HeaderLength));
            for (var i = 0; i < layout.Planes.Count; i++)
            {
                var plane = layout.Planes[i];
                var end = plane.Offset + plane.Length;
                var checksum = 0u;
                for (var at = plane.Offset; at < end; at += buffer.Length)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    checksum = Crc32C.Append(checksum, Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at))));
                }
                if (checksum != header.Checksums[i])
                    Report(i, Kind.Checksum, plane.Offset, $"has the checksum {checksum:X8} instead of {header.Checksums[i]:X8}");
                CheckPadding(i, end, SegmentFormat.Align(end));
            }
        }

        public void Rows(VerifyScope scope)
        {
            var encoder = new SegmentEncoder(layout);
            var buffer = new byte[encoder.BlockRows * layout.Planes.Max(plane => plane.RowBytes)];
            var lastId = long.MinValue;
            for (int first = 0, block = 0; first < layout.Rows; first += encoder.BlockRows, block++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Math.Min(encoder.BlockRows, layout.Rows - first);
                CheckIds(first, MemoryMarshal.Cast<byte, long>(ReadPlane(0, first, count, buffer)), ref lastId);
                if ((scope == VerifyScope.All || block % SampleEvery == 0) && LoadVectors(encoder, first, count, buffer))
                    CheckDerived(encoder, first, count, buffer);
            }
        }

        private void CheckPadding(int plane, long start, long end)
        {
            Span<byte> padding = stackalloc byte[SegmentFormat.Alignment];
            var bytes = Read(start, padding[..(int)(end - start)]);
            if (bytes.IndexOfAnyExcept((byte)0) is var at and >= 0)
                Report(plane, Kind.Padding, start + at, "is followed by padding that is not zero");
        }

        private void CheckIds(int first, ReadOnlySpan<long> ids, ref long lastId)
        {
            for (var i = 0; i < ids.Length; i++)
            {
                if (ids[i] <= lastId && first + i > 0)
                    Report(0, Kind.Order, layout.Planes[0].Offset + (long)(first + i) * sizeof(long), $"has id {ids[i]} after id {lastId}, but ids must ascend");
                lastId = ids[i];
            }
        }

        private bool LoadVectors(SegmentEncoder encoder, int first, int count, byte[] buffer)
        {
            var vectors = encoder.Vectors(count);
            for (var ring = 0; ring < layout.RingEnds.Length; ring++)
            {
                var bytes = ReadPlane(layout.IndexOf(PlaneKind.Full, ring), first, count, buffer);
                var (start, width) = (layout.RingStart(ring), layout.RingWidth(ring));
                for (var row = 0; row < count; row++)
                {
                    var target = vectors.Slice(row * layout.FullDimension + start, width);
                    if (layout.Full == Precision.F16)
                        HalfCodec.Decode(MemoryMarshal.Cast<byte, ushort>(bytes).Slice(row * width, width), target);
                    else
                        MemoryMarshal.Cast<byte, float>(bytes).Slice(row * width, width).CopyTo(target);
                }
            }
            try
            {
                encoder.Load(count, first);
                return true;
            }
            catch (InvalidVectorException e)
            {
                var plane = layout.IndexOf(PlaneKind.Full, 0);
                Report(plane, Kind.Values, layout.Planes[plane].Offset + (long)first * layout.Planes[plane].RowBytes, $"cannot be right: {e.Message}");
                return false;
            }
        }

        private void CheckDerived(SegmentEncoder encoder, int first, int count, byte[] buffer)
        {
            for (var i = 0; i < layout.Planes.Count; i++)
            {
                var plane = layout.Planes[i];
                if (plane.Kind is PlaneKind.Ids or PlaneKind.Full)
                    continue;
                var stored = ReadPlane(i, first, count, buffer);
                var same = stored.CommonPrefixLength(encoder.Encode(plane));
                if (same < stored.Length)
                    Report(i, Kind.Derived, plane.Offset + (long)first * plane.RowBytes + same, $"differs from what row {first + same / plane.RowBytes}'s full vector gives");
            }
        }

        private ReadOnlySpan<byte> ReadPlane(int index, int first, int count, byte[] buffer)
        {
            var plane = layout.Planes[index];
            return Read(plane.Offset + (long)first * plane.RowBytes, buffer.AsSpan(0, count * plane.RowBytes));
        }

        private ReadOnlySpan<byte> Read(long offset, Span<byte> bytes)
        {
            var read = file.ReadAt(offset, bytes);
            return read == bytes.Length
                ? bytes
                : throw new CorruptFileException(path, offset + read, "the file's length", $"{layout.FileLength}", $"{offset + read}");
        }

        private void Report(int index, Kind kind, long offset, string what)
        {
            var plane = index < 0 ? "the header" : $"plane {layout.Planes[index].Kind} of ring {layout.Planes[index].Ring}";
            if (reported.Add((index, kind)))
                problems.Add(new(path, offset, $"{path}: at byte {offset}, {plane} {what}."));
        }
    }
}
