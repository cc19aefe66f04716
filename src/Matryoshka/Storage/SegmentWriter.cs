using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>Writes the rows' planes, to a file or to memory, in one pass and bounded memory.</summary>
internal static class SegmentWriter
{
    /// <summary>
    /// Writes a segment file as <see cref="SealedFile.Write"/> does, header last.
    /// </summary>
    /// <exception cref="MatryoshkaException">The spec or a row cannot be stored, or the file exists: segments never change.</exception>
    /// <exception cref="IOException">The disk failed. A failed flush must not be repeated: give the collection's writer up.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static void Write(
        IFileSystem fs, string path, SegmentSpec spec, IVectorRows rows, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        var layout = SegmentLayout.Of(spec, rows.Count);
        SealedFile.Write(fs, path, layout.FileLength, file => WriteTo(file, spec.CollectionId, layout, rows, progress, cancellationToken));
    }

    /// <summary>Builds the same image in memory and opens it, for rows that are not sealed yet.</summary>
    /// <exception cref="MatryoshkaException">The spec or a row cannot be stored.</exception>
    public static Segment Build(SegmentSpec spec, IVectorRows rows)
    {
        var layout = SegmentLayout.Of(spec, rows.Count);
        var image = new SegmentImage(layout.FileLength);
        try
        {
            WriteTo(image, spec.CollectionId, layout, rows, null, CancellationToken.None);
            return Segment.Of(image, spec.CollectionId);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static void WriteTo(
        IWritableFile file, Guid collectionId, SegmentLayout layout, IVectorRows rows, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        file.SetLength(layout.FileLength);
        var encoder = new SegmentEncoder(layout);
        var ids = new long[encoder.BlockRows];
        var checksums = new uint[layout.Planes.Count];
        var lastId = long.MinValue;
        for (var first = 0; first < layout.Rows; first += encoder.BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(encoder.BlockRows, layout.Rows - first);
            rows.Read(first, count, encoder.Vectors(count));
            encoder.Load(count, first);
            ReadIds(rows, first, ids.AsSpan(0, count), ref lastId);
            for (var i = 0; i < checksums.Length; i++)
            {
                var plane = layout.Planes[i];
                var bytes = plane.Kind == PlaneKind.Ids ? MemoryMarshal.AsBytes(ids.AsSpan(0, count)) : encoder.Encode(plane);
                file.WriteAt(plane.Offset + (long)first * plane.RowBytes, bytes);
                checksums[i] = Crc32C.Append(checksums[i], bytes);
            }
            progress?.Report(first + count);
        }
        file.WriteAt(0, SegmentFormat.WriteHeader(layout, collectionId, checksums));
    }

    private static void ReadIds(IVectorRows rows, int first, Span<long> ids, ref long lastId)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = rows.Id(first + i);
            if (ids[i] <= lastId && first + i > 0)
                throw new MatryoshkaException($"Row {first + i} has id {ids[i]} after id {lastId}; the ids of a segment must ascend.");
            lastId = ids[i];
        }
    }
}
