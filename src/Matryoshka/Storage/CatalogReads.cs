using System.Runtime.InteropServices;
using Matryoshka.Filters;
using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>A live record as stored.</summary>
internal sealed record StoredRecord(long Id, string Key, string? Source, string Text, string? Position, string? Metadata);

/// <summary>A sealed segment as the catalogue names it, with the file of its lists if it has one.</summary>
internal sealed record StoredSegment(string File, long FirstId, long LastId, long Rows, long Bytes, string? Lists = null, long ListsBytes = 0)
{
    /// <summary>Its files.</summary>
    public IEnumerable<string> Files => Lists is null ? [File] : [File, Lists];
}

/// <summary>What is read from the catalogue. Every method runs inside the caller's read transaction.</summary>
internal static class CatalogReads
{
    private const string Columns = "id, key, source, text, position, metadata";

    public static long Generation(this CatalogConnection catalog) => catalog.Scalar<long>("SELECT value FROM meta WHERE name = 'generation'");

    public static List<StoredSegment> Segments(this CatalogConnection catalog)
    {
        using var reader = catalog.Command("SELECT file, first_id, last_id, rows, bytes, lists, lists_bytes FROM segments ORDER BY first_id").ExecuteReader();
        var segments = new List<StoredSegment>();
        while (reader.Read())
            segments.Add(new(reader.Text(0, catalog), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetInt64(6)));
        return segments;
    }

    /// <summary>Ids dead in sealed segments, ascending.</summary>
    public static List<long> Deleted(this CatalogConnection catalog) => Ids(catalog.Command("SELECT id FROM deleted ORDER BY id"));

    /// <summary>Ids dead in a segment, ascending.</summary>
    public static List<long> Deleted(this CatalogConnection catalog, long firstId, long lastId) =>
        Ids(catalog.Command("SELECT id FROM deleted WHERE id BETWEEN $0 AND $1 ORDER BY id", firstId, lastId));

    public static long DeletedCount(this CatalogConnection catalog, StoredSegment segment) =>
        catalog.Scalar<long>("SELECT count(*) FROM deleted WHERE id BETWEEN $0 AND $1", segment.FirstId, segment.LastId);

    public static List<(long Id, byte[] Vector)> Pending(this CatalogConnection catalog)
    {
        using var reader = catalog.Command("SELECT id, vector FROM pending ORDER BY id").ExecuteReader();
        var rows = new List<(long, byte[])>();
        while (reader.Read())
            rows.Add((reader.GetInt64(0), reader.GetValue(1) as byte[] ?? throw new CorruptFileException(catalog.Path, $"the pending vector of record {reader.GetInt64(0)} is not a blob")));
        return rows;
    }

    public static PendingRows PendingRows(this CatalogConnection catalog, CatalogMeta meta) => new(catalog.Pending(), meta, catalog.Path);

    public static long PendingCount(this CatalogConnection catalog) => catalog.Scalar<long>("SELECT count(*) FROM pending");

    public static long Count(this CatalogConnection catalog, Filter? filter)
    {
        if (filter is null)
            return catalog.Scalar<long>("SELECT count(*) FROM records");
        using var command = Filtered(catalog, "SELECT count(*) FROM records WHERE ", filter, "");
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Ids of the records a filter lets through, ascending.</summary>
    public static List<long> IdsMatching(this CatalogConnection catalog, Filter filter)
    {
        using var command = Filtered(catalog, "SELECT id FROM records WHERE ", filter, " ORDER BY id");
        return Ids(command);
    }

    public static StoredRecord? ByKey(this CatalogConnection catalog, string key) =>
        One(catalog, catalog.Command($"SELECT {Columns} FROM records WHERE key = $0", key));

    public static StoredRecord? ById(this CatalogConnection catalog, long id) =>
        One(catalog, catalog.Command($"SELECT {Columns} FROM records WHERE id = $0", id));

    /// <summary>The key of a record, or null.</summary>
    public static string? KeyOf(this CatalogConnection catalog, long id) => catalog.Scalar<string>("SELECT key FROM records WHERE id = $0", id);

    /// <summary>The id of a key, or null.</summary>
    public static long? IdOf(this CatalogConnection catalog, string key) => catalog.Command("SELECT id FROM records WHERE key = $0", key).ExecuteScalar() as long?;

    /// <summary>The next records after an id, in order of id.</summary>
    public static List<StoredRecord> Page(this CatalogConnection catalog, long afterId, Filter? filter, int limit)
    {
        var records = new List<StoredRecord>();
        using var filtered = filter is null ? null : Filtered(catalog, $"SELECT {Columns} FROM records WHERE id > $after AND ", filter, " ORDER BY id LIMIT $limit");
        filtered?.Parameters.AddWithValue("$after", afterId);
        filtered?.Parameters.AddWithValue("$limit", limit);
        using var reader = (filtered ?? catalog.Command($"SELECT {Columns} FROM records WHERE id > $0 ORDER BY id LIMIT $1", afterId, limit)).ExecuteReader();
        while (reader.Read())
            records.Add(Record(reader, catalog));
        return records;
    }

    public static List<string> KeysOfSource(this CatalogConnection catalog, string source)
    {
        using var reader = catalog.Command("SELECT key FROM records WHERE source = $0 ORDER BY id", source).ExecuteReader();
        var keys = new List<string>();
        while (reader.Read())
            keys.Add(reader.Text(0, catalog));
        return keys;
    }

    public static Dictionary<string, string> Sources(this CatalogConnection catalog)
    {
        using var reader = catalog.Command("SELECT source, stamp FROM sources").ExecuteReader();
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read())
            sources[reader.Text(0, catalog)] = reader.Text(1, catalog);
        return sources;
    }

    /// <summary>The best k records by BM25 for an FTS5 expression; larger is better.</summary>
    public static List<(long Id, double Score)> Keywords(this CatalogConnection catalog, string match, int k, Filter? filter)
    {
        const string Select = "SELECT rowid, -rank FROM keywords WHERE keywords MATCH $match";
        using var command = filter is null
            ? Uncached(catalog, $"{Select} ORDER BY rank LIMIT $k")
            : Filtered(catalog, $"{Select} AND rowid IN (SELECT id FROM records WHERE ", filter, ") ORDER BY rank LIMIT $k");
        command.Parameters.AddWithValue("$match", match);
        command.Parameters.AddWithValue("$k", k);
        using var reader = command.ExecuteReader();
        var hits = new List<(long Id, double Score)>();
        while (reader.Read())
            hits.Add((reader.GetInt64(0), reader.GetDouble(1)));
        hits.Sort((a, b) => b.Score != a.Score ? b.Score.CompareTo(a.Score) : a.Id.CompareTo(b.Id));
        return hits;
    }

    private static SqliteCommand Filtered(CatalogConnection catalog, string before, Filter filter, string after)
    {
        var (where, parameters) = FilterSql.Compile(filter);
        var command = Uncached(catalog, $"{before}({where}){after}");
        for (var i = 0; i < parameters.Count; i++)
            command.Parameters.AddWithValue($"$p{i}", parameters[i] ?? DBNull.Value);
        return command;
    }

    private static SqliteCommand Uncached(CatalogConnection catalog, string sql)
    {
        var command = catalog.Raw.CreateCommand();
#pragma warning disable CA2100 // FilterSql writes structure only; every path and value is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = catalog.Transaction;
        return command;
    }

    private static List<long> Ids(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var ids = new List<long>();
        while (reader.Read())
            ids.Add(reader.GetInt64(0));
        return ids;
    }

    private static StoredRecord? One(CatalogConnection catalog, SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        return reader.Read() ? Record(reader, catalog) : null;
    }

    private static StoredRecord Record(SqliteDataReader reader, CatalogConnection catalog) => new(
        reader.GetInt64(0),
        reader.Text(1, catalog),
        reader.IsDBNull(2) ? null : reader.GetString(2),
        reader.Text(3, catalog),
        reader.IsDBNull(4) ? null : reader.GetString(4),
        reader.IsDBNull(5) ? null : reader.GetString(5));

    // A damaged page can hold null where the schema forbids it.
    private static string Text(this SqliteDataReader reader, int column, CatalogConnection catalog) => reader.IsDBNull(column)
        ? throw new CorruptFileException(catalog.Path, $"a row lacks its {reader.GetName(column)}")
        : reader.GetString(column);

    /// <summary>A span over a list of ids, for merging with a segment's.</summary>
    public static ReadOnlySpan<long> AsSpan(this List<long> ids) => CollectionsMarshal.AsSpan(ids);
}
