namespace Matryoshka.Storage;

/// <summary>
/// Checks a whole collection: the database, every segment's bytes, and every reference between the two. A segment file
/// that no commit names is no fault: a write may be under way, or was cut off, and the next writer removes it.
/// </summary>
internal static class StoreVerifier
{
    public static List<string> Verify(CollectionStore store, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        using var session = CollectionStore.Guard(store.Paths, () => store.BeginRead(vectors: false));
        try
        {
            Database(session.Catalog, store, problems);
            var sealedIds = new List<long>();
            foreach (var segment in session.Catalog.Segments())
            {
                cancellationToken.ThrowIfCancellationRequested();
                Segment(store, segment, sealedIds, problems);
            }
            References(session.Catalog, sealedIds, problems);
        }
        catch (Exception error) when (error is MatryoshkaException || StorageErrors.Translate(error, store.Paths) is not null)
        {
            problems.Add((StorageErrors.Translate(error, store.Paths) ?? error).Message);
        }
        return problems;
    }

    private static void Database(CatalogConnection catalog, CollectionStore store, List<string> problems)
    {
        using (var reader = catalog.Command("PRAGMA integrity_check").ExecuteReader())
            while (reader.Read())
                if (reader.GetString(0) is not "ok" and var problem)
                    problems.Add($"{store.Paths.Catalog}: {problem}");
        Pending(catalog, store, problems);
        Json(catalog, "metadata", store, problems);
        Json(catalog, "position", store, problems);
        if (store.Meta.Keywords && catalog.Scalar<long>("SELECT count(*) FROM keywords") is var indexed && indexed != catalog.Scalar<long>("SELECT count(*) FROM records WHERE text <> ''"))
            problems.Add($"{store.Paths.Catalog}: the keyword index holds {indexed} texts, which is not the number of records with text.");
    }

    private static void Pending(CatalogConnection catalog, CollectionStore store, List<string> problems)
    {
        var decoded = new float[store.Meta.Recipe.Dimensions.Full];
        foreach (var (id, vector) in catalog.Pending())
        {
            if (vector.Length != store.Meta.VectorBytes)
            {
                problems.Add($"{store.Paths.Catalog}: the pending vector of record {id} has {vector.Length} bytes, expected {store.Meta.VectorBytes}.");
                continue;
            }
            store.Meta.Decode(vector, decoded);
            try
            {
                Truncation.Validate(decoded, decoded.Length);
            }
            catch (InvalidVectorException error)
            {
                problems.Add($"{store.Paths.Catalog}: the pending vector of record {id} cannot be right: {error.Message}");
            }
        }
    }

    private static void Json(CatalogConnection catalog, string column, CollectionStore store, List<string> problems)
    {
        // iif, because json_type fails on what is not JSON.
        using var reader = catalog.Command($"SELECT id FROM records WHERE {column} IS NOT NULL AND NOT iif(json_valid({column}), json_type({column}) = 'object', 0)").ExecuteReader();
        while (reader.Read())
            problems.Add($"{store.Paths.Catalog}: the {column} of record {reader.GetInt64(0)} is not a JSON object.");
    }

    private static void Segment(CollectionStore store, StoredSegment stored, List<long> sealedIds, List<string> problems)
    {
        try
        {
            var path = store.Paths.Segment(stored.File);
            if (!store.Files.Exists(path))
            {
                problems.Add($"{path}: the file is missing; its {stored.Rows} rows are lost unless restored from a backup.");
                return;
            }
            var found = SegmentVerifier.Verify(store.Files, path, store.Meta.CollectionId);
            problems.AddRange(found.Select(problem => problem.Message));
            if (found.Count > 0)
                return;
            var segment = Storage.Segment.Open(store.Files, path, store.Meta.CollectionId);
            try
            {
                if (segment.Rows != stored.Rows || segment.Ids[0] != stored.FirstId || segment.Ids[^1] != stored.LastId)
                    problems.Add($"{path}: holds {segment.Rows} rows, ids {segment.Ids[0]} to {segment.Ids[^1]}, but the catalogue says {stored.Rows}, {stored.FirstId} to {stored.LastId}.");
                if (sealedIds.Count > 0 && segment.Ids[0] <= sealedIds[^1])
                    problems.Add($"{path}: its ids begin at {segment.Ids[0]}, inside the range of the segment before.");
                sealedIds.AddRange(segment.Ids);
            }
            finally
            {
                segment.Release();
            }
        }
        catch (MatryoshkaException error)
        {
            problems.Add(error.Message);
        }
    }

    // Every record has exactly one vector, and every sealed row belongs to a record or is marked dead.
    private static void References(CatalogConnection catalog, List<long> sealedIds, List<string> problems)
    {
        var sealedSet = sealedIds.ToHashSet();
        var pending = catalog.Pending().Select(p => p.Id).ToHashSet();
        var dead = catalog.Deleted().ToHashSet();
        var records = new HashSet<long>();
        using (var reader = catalog.Command("SELECT id FROM records").ExecuteReader())
            while (reader.Read())
                records.Add(reader.GetInt64(0));
        Report(records.Where(id => !pending.Contains(id) && (!sealedSet.Contains(id) || dead.Contains(id))), "has no vector", problems);
        Report(pending.Where(id => !records.Contains(id)), "has a pending vector but no record", problems);
        Report(pending.Where(sealedSet.Contains), "is both pending and in a segment", problems);
        Report(sealedIds.Where(id => !records.Contains(id) && !dead.Contains(id)), "stands in a segment without a record or a mark that it is dead", problems);
        Report(dead.Where(id => !sealedSet.Contains(id)), "is marked dead but stands in no segment", problems);
    }

    private static void Report(IEnumerable<long> ids, string what, List<string> problems)
    {
        const int Shown = 5;
        var list = ids.ToList();
        if (list.Count > 0)
            problems.Add($"{list.Count} id(s): each {what}: {string.Join(", ", list.Take(Shown))}{(list.Count > Shown ? ", ..." : "")}.");
    }
}
