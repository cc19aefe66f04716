using System.Numerics;

namespace Matryoshka.Storage;

/// <summary>Merges segments: dead rows go, files become few.</summary>
internal static class Compactor
{
    /// <summary>
    /// So many neighbours of one size class are merged into one of the next: a row is then rewritten once per factor of
    /// eight the collection grows, and a search meets at most seven segments a class.
    /// </summary>
    public const int MergeFactor = 8;

    /// <summary>Merges everything into as few segments as fit, pending rows included, and gives space back to the disk.</summary>
    public static CompactionResult Compact(WriteSession session, CancellationToken cancellationToken)
    {
        var before = session.Store.Query(catalog => catalog.Segments());
        var rows = Replace(session, before, includePending: true, cancellationToken);
        CollectionStore.Guard(session.Store.Paths, () =>
        {
            if (session.Store.Meta.Keywords)
                session.Catalog.Execute("INSERT INTO keywords(keywords) VALUES ('optimize')");
            session.Catalog.Execute("VACUUM");
            return session.Catalog.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        });
        return new(rows, before.Count, rows == 0 ? 0 : 1);
    }

    /// <summary>
    /// After a seal: merges the newest segments while <see cref="MergeFactor"/> of one size class stand side by side.
    /// The batch that sealed is committed, so an error here must not report it as lost: the next seal tries again, and if
    /// the writer is poisoned by then, the next write says so.
    /// </summary>
    public static void MergeTail(WriteSession session, CancellationToken cancellationToken)
    {
        try
        {
            MergeWhileMany(session, cancellationToken);
        }
        catch (MatryoshkaException)
        {
        }
    }

    private static void MergeWhileMany(WriteSession session, CancellationToken cancellationToken)
    {
        while (true)
        {
            var segments = session.Store.Query(catalog => catalog.Segments());
            if (segments.Count < MergeFactor)
                return;
            var tail = segments[^MergeFactor..];
            if (tail.Any(s => SizeClass(s.Rows) > SizeClass(tail[^1].Rows)) || tail.Sum(s => s.Rows) > SegmentFormat.MaxRows)
                return;
            Replace(session, tail, includePending: false, cancellationToken);
        }
    }

    private static int SizeClass(long rows) => BitOperations.Log2((ulong)Math.Max(rows / RecordWriter.SealThreshold, 1)) / 3;

    // The new file is complete and durable before the transaction that names it; the old files are unlinked only after.
    private static long Replace(WriteSession session, IReadOnlyList<StoredSegment> old, bool includePending, CancellationToken cancellationToken)
    {
        foreach (var segment in old)
            RequireWhole(session.Store, segment, cancellationToken);
        var rows = session.Commit(catalog =>
        {
            StoredSegment? merged = null;
            var snapshot = session.Store.AcquireSnapshot(catalog);
            try
            {
                var live = LiveRows.Of(snapshot, old, includePending, session.Store.Meta.Recipe.Dimensions.Full);
                if (live.Count > 0)
                    merged = Sealer.WriteSegment(session, live, cancellationToken);
            }
            finally
            {
                snapshot.Release();
            }
            foreach (var segment in old)
                catalog.DeleteSegment(segment);
            if (merged is not null)
            {
                catalog.InsertSegment(merged);
                if (includePending)
                    catalog.DeletePendingUpTo(merged.LastId);
            }
            return merged?.Rows ?? 0;
        });
        foreach (var segment in old)
            Sealer.Discard(session.Store, segment.File);
        return rows;
    }

    // The merged file gets fresh checksums: what was damaged before would pass for whole ever after.
    private static void RequireWhole(CollectionStore store, StoredSegment segment, CancellationToken cancellationToken)
    {
        var path = store.Paths.Segment(segment.File);
        if (SegmentVerifier.Verify(store.Files, path, store.Meta.CollectionId, VerifyScope.Checksums, cancellationToken) is [var problem, ..])
            throw new MatryoshkaException($"Segments were not merged, because one is damaged. {problem.Message}");
    }

    /// <summary>The live rows of some views, in order of id.</summary>
    private sealed class LiveRows(IReadOnlyList<(SegmentView View, int Row)> rows, int dimensions) : IVectorRows
    {
        public int Count => rows.Count;

        public static LiveRows Of(Snapshot snapshot, IReadOnlyList<StoredSegment> old, bool includePending, int dimensions)
        {
            var wanted = old.Select(s => snapshot.SealedByFile[s.File]).ToHashSet();
            var rows = new List<(SegmentView, int)>();
            foreach (var view in snapshot.Views)
                if (wanted.Contains(view.Segment) || (includePending && !snapshot.SealedByFile.Values.Contains(view.Segment)))
                    for (var row = 0; row < view.Segment.Rows; row++)
                        if (view.Dead?[row] != true)
                            rows.Add((view, row));
            return new(rows, dimensions);
        }

        public long Id(int row) => rows[row].View.Segment.Ids[rows[row].Row];

        public void Read(int firstRow, int count, Span<float> destination)
        {
            for (var i = 0; i < count; i++)
                rows[firstRow + i].View.Segment.ReadVector(rows[firstRow + i].Row, destination.Slice(i * dimensions, dimensions));
        }
    }
}
