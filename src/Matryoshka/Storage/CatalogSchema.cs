using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>
/// <c>catalog.db</c>, version 3: the truth of a collection. One transaction here is the commit point of everything.
/// <list type="bullet">
/// <item><c>meta</c>: collection id, recipe, options, and <c>generation</c>, which every commit raises; named plans, and which
/// of them searches run (<see cref="CatalogPlans"/>).</item>
/// <item><c>records</c>: the live records. Ids only grow and are never used again.</item>
/// <item><c>pending</c>: full vectors not yet in a segment, little-endian in the collection's full precision.</item>
/// <item><c>segments</c>: the sealed files. Their id ranges are disjoint and ascending, and every pending id is larger
/// than every sealed one, so an id alone says where its vector lies. A segment may name the file of its lists, and its bytes.</item>
/// <item><c>deleted</c>: ids whose row in a segment is dead.</item>
/// <item><c>sources</c>: what was last indexed from where, so that the next run can skip it.</item>
/// <item><c>keywords</c>: FTS5 over the texts, rowid = record id.</item>
/// </list>
/// </summary>
internal static class CatalogSchema
{
    /// <summary>"MRL1" in ASCII, so that <c>file</c> and we can tell the database from any other.</summary>
    public const int ApplicationId = 0x4D524C31;

    public const int Version = 3;

    private const string Tables = """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE records(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            source TEXT,
            text TEXT NOT NULL,
            position TEXT,
            metadata TEXT);
        CREATE INDEX records_source ON records(source) WHERE source IS NOT NULL;
        CREATE TABLE pending(id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
        CREATE TABLE segments(file TEXT PRIMARY KEY, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, lists TEXT, lists_bytes INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE deleted(id INTEGER PRIMARY KEY);
        CREATE TABLE sources(source TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
        """;

    // Contentless with deletes: the text stands once, in records. Porter: measured on six collections, BM25 with it
    // reaches nDCG@10 0.602 against 0.580 without stemming.
    private const string Keywords = """
        CREATE VIRTUAL TABLE keywords USING fts5(text, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2');
        """;

    public static void Create(SqliteConnection connection, CatalogMeta meta)
    {
        using (var transaction = connection.BeginTransaction())
        {
            CreateTables(connection, meta);
            transaction.Commit();
        }
        // Last: until here all of it is in the one file, which the caller renames.
        Execute(connection, "PRAGMA journal_mode = WAL;");
    }

    /// <summary>Refuses databases that are not ours, or of another version.</summary>
    public static void Check(SqliteConnection connection, string path)
    {
        var application = Scalar(connection, "PRAGMA application_id");
        if (application != ApplicationId)
            throw new CorruptFileException(path, $"it is not a Matryoshka catalogue: its application id is 0x{application:X8}, expected 0x{ApplicationId:X8}");
        var version = Scalar(connection, "PRAGMA user_version");
        if (version > Version)
            throw new FormatTooNewException(path, version, Version);
        if (version < Version)
            throw new FormatTooOldException(path, version, Version);
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant texts of this folder; values always travel as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static void CreateTables(SqliteConnection connection, CatalogMeta meta)
    {
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version};");
        Execute(connection, Tables);
        if (meta.Keywords)
            Execute(connection, Keywords);
        foreach (var (name, value) in meta.ToRows())
        {
            using var insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO meta(name, value) VALUES ($name, $value)";
            insert.Parameters.AddWithValue("$name", name);
            insert.Parameters.AddWithValue("$value", value);
            insert.ExecuteNonQuery();
        }
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
