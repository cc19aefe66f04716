using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>Writes the lists of a segment to a file.</summary>
internal static unsafe class ListsWriter
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Writes as <see cref="SealedFile.Write"/> does.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public static ListsLayout Write(IFileSystem fs, string path, Guid collectionId, uint segmentChecksum, ListsView lists, CancellationToken cancellationToken)
    {
        var layout = new ListsLayout(lists.Rows, lists.Dimensions, lists.Lists, lists.Postings, lists.Trained);
        var planes = ListsLayout.Planes(lists);
        SealedFile.Write(fs, path, layout.FileLength, file =>
        {
            file.SetLength(layout.FileLength);
            var checksums = new uint[planes.Length];
            for (var plane = 0; plane < planes.Length; plane++)
                checksums[plane] = WritePlane(file, (byte*)planes[plane], layout.Start(plane), layout.Length(plane), cancellationToken);
            file.WriteAt(0, ListsFormat.WriteHeader(layout, collectionId, segmentChecksum, checksums));
        });
        return layout;
    }

    private static uint WritePlane(IWritableFile file, byte* plane, long offset, long length, CancellationToken cancellationToken)
    {
        var checksum = 0u;
        for (long done = 0; done < length; done += BlockBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = new ReadOnlySpan<byte>(plane + done, (int)Math.Min(BlockBytes, length - done));
            file.WriteAt(offset + done, bytes);
            checksum = Crc32C.Append(checksum, bytes);
        }
        return checksum;
    }
}
