using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Matryoshka.Remote.Cache;

/// <summary>
/// The SQLite file of a cache. Each vector is one row of raw bytes; a small table leads from a hash to the row. Slots of
/// evicted vectors are filled again, because pages of a row table are freed only when every row in them is gone.
/// </summary>
internal sealed class VectorCacheFile : IDisposable
{
    public const int KeyBytes = 16;
    private const int Version = 2;

    // "MrlC".
    private const long ApplicationId = 0x4D726C43;

    // A row must lie whole in a page, or half of its last page is lost: 64 KiB pages hold 22 packed vectors of 768 components and waste 2 %.
    private const string Setup = """
        PRAGMA page_size = 65536;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 128;
        PRAGMA journal_size_limit = 16777216;
        PRAGMA cache_size = -32768;
        """;

    private const string Schema = """
        CREATE TABLE keys(hash INTEGER PRIMARY KEY, slot INTEGER NOT NULL, used INTEGER NOT NULL);
        CREATE TABLE vectors(slot INTEGER PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE free(slot INTEGER PRIMARY KEY);
        """;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> prepared = [];
    private SqliteTransaction? transaction;
    private sqlite3_stmt? find;

    private VectorCacheFile(SqliteConnection connection) => this.connection = connection;

    /// <exception cref="MatryoshkaException">The file was made by another version.</exception>
    public static VectorCacheFile Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 60 }.ConnectionString);
        var file = new VectorCacheFile(connection);
        try
        {
            connection.Open();
            // Before anything is changed: the path may be another program's database.
            if (file.Scalar("SELECT count(*) FROM sqlite_master") > 0 && file.Scalar("PRAGMA application_id") != ApplicationId)
                throw new MatryoshkaException($"'{path}' is a database of something else, not a cache: give another path.");
            file.ExecuteOnce(Setup);
            // Read and, if new, written under the write lock: another process may be opening it for the first time too.
            file.Begin();
            var version = file.Scalar("PRAGMA user_version");
            if (version == 0)
                file.ExecuteOnce(Schema + $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version};");
            else if (version != Version)
                throw new MatryoshkaException($"The cache '{path}' has format {version}, but this version reads {Version}: remove it or give another path.");
            file.Commit();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Begins a transaction that may write; other processes' writers wait.</summary>
    public void Begin() => transaction = connection.BeginTransaction(deferred: false);

    /// <summary>Begins a transaction that only reads.</summary>
    public void BeginRead() => transaction = connection.BeginTransaction(deferred: true);

    public void Commit()
    {
        transaction!.Commit();
        Rollback();
    }

    public void Rollback()
    {
        transaction?.Dispose();
        transaction = null;
    }

    /// <summary>Reads the vector stored under a key; false when there is none of this length.</summary>
    /// <param name="key">The whole key; the row is found by its first half and known by all of it.</param>
    /// <param name="vector">Takes the vector.</param>
    /// <param name="used">When it was last used, in Unix milliseconds.</param>
    public bool TryRead(byte[] key, Span<float> vector, out long used)
    {
        // Straight to SQLite's interface: what a data reader allocates and checks takes three times as long as the reading.
        var statement = find ??= Prepare("SELECT v.data, k.used FROM keys k JOIN vectors v ON v.slot = k.slot WHERE k.hash = ?1");
        used = 0;
        try
        {
            Check(raw.sqlite3_bind_int64(statement, 1, HashOf(key)));
            var code = raw.sqlite3_step(statement);
            if (code == raw.SQLITE_DONE)
                return false;
            Check(code == raw.SQLITE_ROW ? raw.SQLITE_OK : code);
            var data = raw.sqlite3_column_blob(statement, 0);
            used = raw.sqlite3_column_int64(statement, 1);
            return data.StartsWith(key) && PackedVector.TryDecode(data[KeyBytes..], vector);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    private sqlite3_stmt Prepare(string sql)
    {
        // The provider waits for other processes by itself; here SQLite does.
        Check(raw.sqlite3_busy_timeout(connection.Handle, 60_000));
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out var statement));
        return statement;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            throw new SqliteException(raw.sqlite3_errmsg(connection.Handle).utf8_to_string(), code & 0xFF, code);
    }

    public void Store(long hash, byte[] data, long used)
    {
        var known = Scalar("SELECT slot FROM keys WHERE hash = $0", hash) ?? TakeFreeSlot();
        if (known is { } taken)
            Execute("INSERT OR REPLACE INTO vectors(slot, data) VALUES($0, $1)", taken, data);
        var slot = known ?? Scalar("INSERT INTO vectors(data) VALUES($0) RETURNING slot", data)!.Value;
        Execute("INSERT OR REPLACE INTO keys(hash, slot, used) VALUES($0, $1, $2)", hash, slot, used);
    }

    public void Touch(long hash, long used) => Execute("UPDATE keys SET used = $1 WHERE hash = $0", hash, used);

    public long Count => Scalar("SELECT count(*) FROM keys") ?? 0;

    /// <summary>Bytes in use, without pages that are free.</summary>
    public long Bytes => ((Scalar("PRAGMA page_count") ?? 0) - (Scalar("PRAGMA freelist_count") ?? 0)) * (Scalar("PRAGMA page_size") ?? 0);

    public bool HasFree(int slots) => slots == 0 || Scalar("SELECT 1 FROM free LIMIT 1 OFFSET $0", slots - 1) is not null;

    /// <summary>Removes the entries used longest ago.</summary>
    public void Evict(long entries)
    {
        Execute("CREATE TEMP TABLE IF NOT EXISTS victims(hash INTEGER PRIMARY KEY, slot INTEGER NOT NULL)");
        Execute("INSERT INTO victims SELECT hash, slot FROM keys ORDER BY used, slot LIMIT $0", entries);
        Execute("DELETE FROM vectors WHERE slot IN (SELECT slot FROM victims)");
        Execute("DELETE FROM keys WHERE hash IN (SELECT hash FROM victims)");
        Execute("INSERT OR IGNORE INTO free SELECT slot FROM victims");
        Execute("DELETE FROM victims");
    }

    public void Dispose()
    {
        try
        {
            Rollback();
        }
        catch (SqliteException)
        {
            // SQLite ended it by itself after the error that is already on its way.
        }
        foreach (var command in prepared.Values)
            command.Dispose();
        find?.Dispose();
        connection.Dispose();
    }

    public static long HashOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64LittleEndian(key);

    private long? TakeFreeSlot() => Scalar("DELETE FROM free WHERE slot = (SELECT min(slot) FROM free) RETURNING slot");

    private void ExecuteOnce(string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    private void Execute(string sql, params ReadOnlySpan<object> values) => Command(sql, values).ExecuteNonQuery();

    private long? Scalar(string sql, params ReadOnlySpan<object> values) => Command(sql, values).ExecuteScalar() as long?;

    private SqliteCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this file.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            prepared[sql] = command;
        }
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        return command;
    }
}
