namespace Matryoshka.Storage;

/// <summary>Merges all segments and gives space back to the disk. The caller holds the maintenance lock.</summary>
internal static class Compactor
{
    public static async Task<CompactionResult> CompactAsync(CollectionStore store, Merger merger, TimeSpan wait, CancellationToken cancellationToken)
    {
        var before = store.Query(catalog => catalog.Segments()).Count;
        await SealPendingAsync(store, wait, cancellationToken).ConfigureAwait(false);
        var all = store.Query(catalog => catalog.Segments());
        var merged = all.Count == 0 ? null : await merger.MergeAsync(all, lists: true, cancellationToken).ConfigureAwait(false);
        using (var session = await store.LockAsync(wait, cancellationToken).ConfigureAwait(false))
            GiveSpaceBack(session);
        return new(merged?.Rows ?? 0, before, merged is null ? 0 : 1);
    }

    // Waiting vectors become a segment first: writers may then add more behind them while the segments are merged.
    private static async Task SealPendingAsync(CollectionStore store, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var session = await store.LockAsync(wait, cancellationToken).ConfigureAwait(false);
        if (store.Query(catalog => catalog.PendingCount()) > 0)
            session.Commit(catalog =>
            {
                Sealer.Seal(session, catalog, [], cancellationToken);
                return 0;
            });
    }

    private static void GiveSpaceBack(WriteSession session) => CollectionStore.Guard(session.Store.Paths, () =>
    {
        if (session.Store.Meta.Keywords)
            session.Catalog.Execute("INSERT INTO keywords(keywords) VALUES ('optimize')");
        session.Catalog.Execute("VACUUM");
        return session.Catalog.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    });
}
