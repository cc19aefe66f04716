namespace Matryoshka.Storage;

/// <summary>A new vector on its way to disk.</summary>
internal readonly record struct VectorRow(long Id, float[] Vector);

/// <summary>Turns pending and newly written vectors into a segment file.</summary>
internal static class Sealer
{
    /// <summary>Writes the file and names it in the running transaction. Until that commits, the file is an orphan.</summary>
    public static void Seal(WriteSession session, CatalogConnection catalog, IReadOnlyList<VectorRow> written, CancellationToken cancellationToken)
    {
        var rows = new SealedRows(catalog.PendingRows(session.Store.Meta), written, session.Store.Meta.Recipe.Dimensions.Full);
        var segment = WriteFile(session.Store, rows, null, cancellationToken);
        session.Track(segment.File);
        catalog.InsertSegment(segment);
        catalog.DeletePendingUpTo(segment.LastId);
    }

    /// <summary>Writes a segment's file, which is an orphan until a transaction names it.</summary>
    public static StoredSegment WriteFile(CollectionStore store, IVectorRows rows, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var first = rows.Id(0);
        var last = rows.Id(rows.Count - 1);
        var file = StorePaths.NewSegmentFile(first, last);
        return Writing(store, () =>
        {
            SegmentWriter.Write(store.Files, store.Paths.Segment(file), store.Meta.SegmentSpec, rows, progress, cancellationToken);
            return new StoredSegment(file, first, last, rows.Count, SegmentLayout.Of(store.Meta.SegmentSpec, rows.Count).FileLength);
        });
    }

    /// <summary>Writes a file; a disk that fails ends all writing by this process.</summary>
    public static T Writing<T>(CollectionStore store, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (IOException error) when (!StorageErrors.IsDiskFull(error))
        {
            // A full disk is certain to have kept nothing of the file, which is gone; other failures leave doubt.
            store.Poisoned = true;
            throw;
        }
    }

    /// <summary>Removes a file no transaction named; if that fails too, the next writer finds it as an orphan.</summary>
    public static void Discard(CollectionStore store, string file) => SealedFile.TryDelete(store.Files, store.Paths.Segment(file));

    private sealed class SealedRows(PendingRows pending, IReadOnlyList<VectorRow> written, int dimensions) : IVectorRows
    {
        public int Count => pending.Count + written.Count;

        public long Id(int row) => row < pending.Count ? pending.Id(row) : written[row - pending.Count].Id;

        public void Read(int firstRow, int count, Span<float> destination)
        {
            for (var i = 0; i < count; i++)
            {
                var slot = destination.Slice(i * dimensions, dimensions);
                if (firstRow + i < pending.Count)
                    pending.Read(firstRow + i, 1, slot);
                else
                    written[firstRow + i - pending.Count].Vector.CopyTo(slot);
            }
        }
    }
}
