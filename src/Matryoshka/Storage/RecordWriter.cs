namespace Matryoshka.Storage;

/// <summary>A record ready to be written: JSON as text, and the unit-length vector unless the stored one is believed to stand.</summary>
internal sealed record PreparedRecord(string Key, string Text, string? Source, string? Position, string? Metadata, float[]? Vector, bool OwnVector)
{
    /// <summary>Whether the stored record has this text, so that its vector stands.</summary>
    public bool SameText(StoredRecord stored) => !OwnVector && Text == stored.Text;

    public bool SameAttributes(StoredRecord stored) => Source == stored.Source && Position == stored.Position && Metadata == stored.Metadata;
}

/// <summary>What a commit did; <paramref name="Stale"/> are records whose text changed elsewhere since they were prepared, and that need a vector now.</summary>
internal sealed record WriteOutcome(long Embedded, long Updated, long Unchanged, bool Sealed, IReadOnlyList<PreparedRecord> Stale);

/// <summary>Upserts and deletes, each in one transaction.</summary>
internal static class RecordWriter
{
    /// <summary>
    /// Pending vectors from which on they are sealed into a segment. A reader rebuilds the pending planes after every
    /// commit (about 3 ms for 1,024 rows of 512), so the number is small; merging keeps segments few.
    /// </summary>
    public const int SealThreshold = 1024;

    public static WriteOutcome Upsert(WriteSession session, IReadOnlyList<PreparedRecord> batch, CancellationToken cancellationToken) =>
        session.Commit(catalog =>
        {
            var written = new List<VectorRow>();
            var stale = new List<PreparedRecord>();
            long updated = 0, unchanged = 0;
            var nextId = catalog.NextId();
            foreach (var record in batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var stored = catalog.ByKey(record.Key);
                if (stored is not null && record.SameText(stored))
                {
                    if (record.SameAttributes(stored))
                        unchanged++;
                    else
                    {
                        catalog.UpdateAttributes(stored.Id, record.Source, record.Position, record.Metadata);
                        updated++;
                    }
                }
                else if (record.Vector is null)
                    stale.Add(record);
                else
                {
                    if (stored is not null)
                        catalog.DeleteRecord(stored.Id, session.Store.Meta.Keywords);
                    catalog.InsertRecord(new(nextId, record.Key, record.Source, record.Text, record.Position, record.Metadata), session.Store.Meta.Keywords);
                    written.Add(new(nextId++, record.Vector));
                }
            }
            var sealedNow = Store(session, catalog, written, cancellationToken);
            return new WriteOutcome(written.Count, updated, unchanged, sealedNow, stale);
        });

    public static int Delete(WriteSession session, IEnumerable<string> keys, CancellationToken cancellationToken) => session.Commit(catalog =>
    {
        var deleted = 0;
        foreach (var key in keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (catalog.ByKey(key) is not { } stored)
                continue;
            catalog.DeleteRecord(stored.Id, session.Store.Meta.Keywords);
            deleted++;
        }
        return deleted;
    });

    // A large batch goes straight into a segment, together with what was pending, so that ids in segments stay below
    // pending ones; a small one waits in the catalogue.
    private static bool Store(WriteSession session, CatalogConnection catalog, List<VectorRow> written, CancellationToken cancellationToken)
    {
        if (written.Count == 0)
            return false;
        if (catalog.PendingCount() + written.Count < SealThreshold)
        {
            foreach (var row in written)
                catalog.InsertPending(row.Id, session.Store.Meta.Encode(row.Vector));
            return false;
        }
        Sealer.Seal(session, catalog, written, cancellationToken);
        return true;
    }
}
