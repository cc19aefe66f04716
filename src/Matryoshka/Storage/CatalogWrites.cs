namespace Matryoshka.Storage;

/// <summary>What is written to the catalogue. Every method runs inside the caller's write transaction, under the writer lock.</summary>
internal static class CatalogWrites
{
    /// <summary>Marks a change: readers load a new snapshot when the number differs from theirs.</summary>
    public static void RaiseGeneration(this CatalogConnection catalog) =>
        catalog.Execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'");

    /// <summary>The id the next insert gets.</summary>
    public static long NextId(this CatalogConnection catalog) =>
        catalog.Scalar<long>("SELECT seq FROM sqlite_sequence WHERE name = 'records'") + 1;

    public static void InsertRecord(this CatalogConnection catalog, StoredRecord record, bool keywords)
    {
        catalog.Execute("INSERT INTO records(id, key, source, text, position, metadata) VALUES ($0, $1, $2, $3, $4, $5)",
            record.Id, record.Key, record.Source, record.Text, record.Position, record.Metadata);
        if (keywords && record.Text.Length > 0)
            catalog.Execute("INSERT INTO keywords(rowid, text) VALUES ($0, $1)", record.Id, record.Text);
    }

    public static void InsertPending(this CatalogConnection catalog, long id, byte[] vector) =>
        catalog.Execute("INSERT INTO pending(id, vector) VALUES ($0, $1)", id, vector);

    public static void UpdateAttributes(this CatalogConnection catalog, long id, string? source, string? position, string? metadata) =>
        catalog.Execute("UPDATE records SET source = $1, position = $2, metadata = $3 WHERE id = $0", id, source, position, metadata);

    /// <summary>Removes a record; its vector leaves <c>pending</c>, or its row in a segment is marked dead.</summary>
    public static void DeleteRecord(this CatalogConnection catalog, long id, bool keywords)
    {
        catalog.Execute("DELETE FROM records WHERE id = $0", id);
        if (keywords)
            catalog.Execute("DELETE FROM keywords WHERE rowid = $0", id);
        if (catalog.Execute("DELETE FROM pending WHERE id = $0", id) == 0)
            catalog.Execute("INSERT INTO deleted(id) VALUES ($0)", id);
    }

    public static void InsertSegment(this CatalogConnection catalog, StoredSegment segment) =>
        catalog.Execute("INSERT INTO segments(file, first_id, last_id, rows, bytes, lists, lists_bytes) VALUES ($0, $1, $2, $3, $4, $5, $6)",
            segment.File, segment.FirstId, segment.LastId, segment.Rows, segment.Bytes, segment.Lists, segment.ListsBytes);

    public static void SetLists(this CatalogConnection catalog, StoredSegment segment) =>
        catalog.Execute("UPDATE segments SET lists = $1, lists_bytes = $2 WHERE file = $0", segment.File, segment.Lists, segment.ListsBytes);

    public static void DeleteSegment(this CatalogConnection catalog, StoredSegment segment) =>
        catalog.Execute("DELETE FROM segments WHERE file = $0", segment.File);

    /// <summary>Forgets the deletions of a range of ids but those of <paramref name="kept"/>, whose rows still stand in a segment.</summary>
    public static void ForgetDeleted(this CatalogConnection catalog, long firstId, long lastId, IEnumerable<long> kept)
    {
        catalog.Execute("DELETE FROM deleted WHERE id BETWEEN $0 AND $1", firstId, lastId);
        foreach (var id in kept)
            catalog.Execute("INSERT INTO deleted(id) VALUES ($0)", id);
    }

    public static void DeletePendingUpTo(this CatalogConnection catalog, long lastId) =>
        catalog.Execute("DELETE FROM pending WHERE id <= $0", lastId);

    public static void SetSource(this CatalogConnection catalog, string source, string stamp) =>
        catalog.Execute("INSERT INTO sources(source, stamp) VALUES ($0, $1) ON CONFLICT(source) DO UPDATE SET stamp = excluded.stamp", source, stamp);

    public static void SetModel(this CatalogConnection catalog, string model) =>
        catalog.Execute("INSERT INTO meta(name, value) VALUES ('model', $0) ON CONFLICT(name) DO UPDATE SET value = excluded.value", model);

    public static void RemoveSource(this CatalogConnection catalog, string source) =>
        catalog.Execute("DELETE FROM sources WHERE source = $0", source);
}
