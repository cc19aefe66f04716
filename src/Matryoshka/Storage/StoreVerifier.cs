using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>
/// Checks a whole collection: the database, every segment's bytes, and every reference between the two. A segment file
/// that no commit names is no fault: a write may be under way, or was cut off, and the next writer removes it.
/// </summary>
internal static class StoreVerifier
{
    // Between the reading of the names and the opening of the files a merge may remove some; ten in a row do not happen.
    private const int Attempts = 10;

    public static List<string> Verify(CollectionStore store, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var named = new List<StoredSegment>();
            var problems = Once(store, named, cancellationToken);
            if (problems.Count == 0 || attempt == Attempts || !Changed(store, named))
                return problems;
        }
    }

    private static List<string> Once(CollectionStore store, List<StoredSegment> named, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var files = new List<NamedFiles>();
        // On a new connection: FTS5 checks itself against what it remembers of earlier transactions, and after a write elsewhere
        // that differs (seen: "fts5: corruption found reading blob").
        using var session = CollectionStore.Guard(store.Paths, () => store.BeginRead(vectors: false, fresh: true));
        try
        {
            named.AddRange(session.Catalog.Segments());
            // All at once and before the long checks: a merge meanwhile takes their names, but not files that are open.
            foreach (var segment in named)
                files.Add(new(store, segment));
            Database(session.Catalog, store, problems);
            var sealedIds = new List<long>();
            foreach (var file in files)
                Segment(store, file, sealedIds, problems, cancellationToken);
            References(session.Catalog, sealedIds, problems);
        }
        catch (Exception error) when (error is MatryoshkaException || StorageErrors.Translate(error, store.Paths) is not null)
        {
            problems.Add((StorageErrors.Translate(error, store.Paths) ?? error).Message);
        }
        finally
        {
            foreach (var file in files)
                file.Dispose();
        }
        return problems;
    }

    private static bool Changed(CollectionStore store, List<StoredSegment> named)
    {
        try
        {
            return !store.Query(catalog => catalog.Segments()).SequenceEqual(named);
        }
        catch (MatryoshkaException)
        {
            return false;
        }
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

    private static void Segment(CollectionStore store, NamedFiles files, List<long> sealedIds, List<string> problems, CancellationToken cancellationToken)
    {
        if (files.Segment is not { } file)
        {
            problems.Add(files.SegmentProblem!);
            return;
        }
        var (stored, path) = (files.Stored, files.SegmentPath!);
        var found = SegmentVerifier.Verify(file, path, store.Meta.CollectionId, VerifyScope.All, cancellationToken);
        problems.AddRange(found.Select(problem => problem.Message));
        if (found.Count > 0)
            return;
        var header = SegmentHeader.Read(file, path, store.Meta.CollectionId);
        var ids = new long[header.Layout.Rows];
        file.ReadAt(header.Layout.Planes[0].Offset, MemoryMarshal.AsBytes(ids.AsSpan()));
        if (ids.Length != stored.Rows || ids[0] != stored.FirstId || ids[^1] != stored.LastId)
            problems.Add($"{path}: holds {ids.Length} rows, ids {ids[0]} to {ids[^1]}, but the catalogue says {stored.Rows}, {stored.FirstId} to {stored.LastId}.");
        if (sealedIds.Count > 0 && ids[0] <= sealedIds[^1])
            problems.Add($"{path}: its ids begin at {ids[0]}, inside the range of the segment before.");
        sealedIds.AddRange(ids);
        if (files.Lists is not null)
            problems.AddRange(ListsVerifier.Verify(files.Lists, files.ListsPath!, store.Meta.CollectionId, header.Checksum, ids.Length, store.Meta.Recipe.Dimensions.Full, cancellationToken).Select(problem => problem.Message));
        else if (files.ListsProblem is not null)
            problems.Add(files.ListsProblem);
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

    /// <summary>The files of a segment, opened, or why they cannot be.</summary>
    private sealed class NamedFiles : IDisposable
    {
        public NamedFiles(CollectionStore store, StoredSegment stored)
        {
            Stored = stored;
            (Segment, SegmentPath, SegmentProblem) = Open(store, () => store.Paths.Segment(stored.File), $"the file is missing; its {stored.Rows} rows are lost unless restored from a backup.");
            if (stored.Lists is not null)
                (Lists, ListsPath, ListsProblem) = Open(store, () => store.Paths.Lists(stored.Lists), "the lists are missing; searches do without them, and 'mrl compact' builds them anew.");
        }

        public StoredSegment Stored { get; }

        public IReadableFile? Segment { get; }

        public string? SegmentPath { get; }

        public string? SegmentProblem { get; }

        public IReadableFile? Lists { get; }

        public string? ListsPath { get; }

        public string? ListsProblem { get; }

        public void Dispose()
        {
            Segment?.Dispose();
            Lists?.Dispose();
        }

        private static (IReadableFile? File, string? Path, string? Problem) Open(CollectionStore store, Func<string> path, string missing)
        {
            try
            {
                return (store.Files.OpenRead(path()), path(), null);
            }
            catch (FileNotFoundException)
            {
                return (null, path(), $"{path()}: {missing}");
            }
            catch (Exception error) when (error is MatryoshkaException or IOException or UnauthorizedAccessException)
            {
                return (null, null, error.Message);
            }
        }
    }
}
