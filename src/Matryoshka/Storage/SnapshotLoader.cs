namespace Matryoshka.Storage;

/// <summary>Builds the snapshot a read transaction sees, reusing the open segments of the one before.</summary>
internal static class SnapshotLoader
{
    /// <exception cref="FileNotFoundException">A compaction in another process removed a file between its commit and our opening; begin the transaction anew.</exception>
    public static Snapshot Load(CatalogConnection catalog, StorePaths paths, IFileSystem files, CatalogMeta meta, long? memoryBudget, long generation, Snapshot? previous)
    {
        var views = new List<SegmentView>();
        var sealedByFile = new Dictionary<string, SegmentView>(StringComparer.Ordinal);
        var dead = catalog.Deleted();
        try
        {
            var segments = catalog.Segments();
            var cold = MemoryPlan.Of(paths, meta, segments, memoryBudget);
            foreach (var (stored, i) in segments.Select((stored, i) => (stored, i)))
            {
                var segment = Acquire(stored, cold[i], paths, files, meta, previous);
                views.Add(new(segment, DeadRows(segment, stored, dead)));
                if (stored.Lists is not null)
                    views[^1] = views[^1] with { Lists = AcquireLists(stored, segment, paths, files, meta, previous) };
                sealedByFile.Add(stored.File, views[^1]);
            }
            var pending = catalog.PendingRows(meta);
            if (pending.Count > 0)
                views.Add(new(Build(pending, meta, paths), null));
            return new(generation, views, sealedByFile) { ChosenPlan = catalog.ChosenPlan() };
        }
        catch
        {
            foreach (var view in views)
                view.Release();
            throw;
        }
    }

    private static Segment Build(PendingRows pending, CatalogMeta meta, StorePaths paths)
    {
        try
        {
            return SegmentWriter.Build(meta.SegmentSpec, pending);
        }
        catch (InvalidVectorException error)
        {
            throw new CorruptFileException(paths.Catalog, $"a vector that waits in it was not written by it: {error.Message}");
        }
    }

    private static Segment Acquire(StoredSegment stored, ColdPlanes cold, StorePaths paths, IFileSystem files, CatalogMeta meta, Snapshot? previous)
    {
        if (previous is not null && previous.SealedByFile.TryGetValue(stored.File, out var open) && open.Segment.Cold == cold)
        {
            open.Segment.AddRef();
            return open.Segment;
        }
        var segment = Segment.Open(files, paths.Segment(stored.File), meta.CollectionId, cold);
        if (segment.Rows == stored.Rows && segment.Ids[0] == stored.FirstId && segment.Ids[^1] == stored.LastId
            && segment.RingEnds.SequenceEqual(meta.Recipe.Dimensions.Rings))
            return segment;
        segment.Release();
        throw new CorruptFileException(paths.Segment(stored.File), $"it does not hold the {stored.Rows} rows, ids {stored.FirstId} to {stored.LastId}, that the catalogue names");
    }

    // Lists only make a search faster: a file that is lost or damaged is done without, and a verification names it.
    private static ListsFile? AcquireLists(StoredSegment stored, Segment segment, StorePaths paths, IFileSystem files, CatalogMeta meta, Snapshot? previous)
    {
        var path = paths.Lists(stored.Lists!);
        if (previous is not null && previous.SealedByFile.TryGetValue(stored.File, out var open) && open.Lists is { } lists && lists.Path == path)
        {
            lists.AddRef();
            return lists;
        }
        try
        {
            return ListsFile.Open(files, path, meta.CollectionId, segment);
        }
        catch (Exception error) when (error is CorruptFileException or FormatTooOldException
            // Where the segment is gone too, a merge elsewhere removed both; segments go first.
            || (error is FileNotFoundException && files.Exists(paths.Segment(stored.File))))
        {
            return null;
        }
    }

    private static RowBitmap? DeadRows(Segment segment, StoredSegment stored, List<long> dead)
    {
        var ids = dead.AsSpan();
        var first = ids.BinarySearch(stored.FirstId);
        first = first < 0 ? ~first : first;
        return first < ids.Length && ids[first] <= stored.LastId ? RowBitmap.OfIds(segment.Ids, ids) : null;
    }
}

/// <summary>Vectors that wait in the catalogue, decoded.</summary>
internal sealed class PendingRows : IVectorRows
{
    private readonly List<(long Id, byte[] Vector)> rows;
    private readonly CatalogMeta meta;

    public PendingRows(List<(long Id, byte[] Vector)> rows, CatalogMeta meta, string catalog)
    {
        this.rows = rows;
        this.meta = meta;
        foreach (var (id, vector) in rows)
            if (vector.Length != meta.VectorBytes)
                throw new CorruptFileException(catalog, $"the pending vector of record {id} has {vector.Length} bytes, expected {meta.VectorBytes}");
    }

    public int Count => rows.Count;

    public long Id(int row) => rows[row].Id;

    public void Read(int firstRow, int count, Span<float> destination)
    {
        for (var i = 0; i < count; i++)
            meta.Decode(rows[firstRow + i].Vector, destination.Slice(i * meta.Recipe.Dimensions.Full, meta.Recipe.Dimensions.Full));
    }
}
