using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>One connection to <c>catalog.db</c> with its prepared statements. Used by one thread at a time.</summary>
internal sealed class CatalogConnection : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> prepared = [];
    private SqliteTransaction? transaction;
    private bool usable = true;

    private CatalogConnection(SqliteConnection connection, string path)
    {
        this.connection = connection;
        Path = path;
    }

    public string Path { get; }

    public SqliteConnection Raw => connection;

    public SqliteTransaction? Transaction => transaction;

    public static CatalogConnection Open(string path, bool create = false)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            // Own pool: a pooled native handle would keep the files open after the collection is closed.
            Pooling = false,
            DefaultTimeout = 30,
        }.ConnectionString);
        try
        {
            connection.Open();
            // FULL: a commit that returned survives a power cut. The cache is 16 MiB; the default 2 MiB thrashes on FTS5 merges.
            CatalogSchema.Execute(connection, "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;");
            return new(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A statement prepared once on this connection; its parameters, <c>$0</c>, <c>$1</c>, ..., are bound in order.</summary>
    public SqliteCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this folder or FilterSql's, which holds only parameters.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = ParameterNames[i] });
            prepared[sql] = command;
        }
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    public int Execute(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteNonQuery();

    public T? Scalar<T>(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteScalar() is T value ? value : default;

    /// <summary>Begins a read transaction: everything read until <see cref="End"/> belongs to one snapshot.</summary>
    public void BeginRead() => transaction = connection.BeginTransaction(deferred: true);

    /// <summary>Begins a write transaction and takes SQLite's own write lock at once.</summary>
    public void BeginWrite() => transaction = connection.BeginTransaction(deferred: false);

    public void Commit()
    {
        transaction!.Commit();
        End();
    }

    /// <summary>Ends a transaction; without a commit before, its writes are undone.</summary>
    /// <returns>False if that failed: SQLite may have ended it by itself after an error, and the connection is not to be used again.</returns>
    public bool End()
    {
        var ending = transaction;
        transaction = null;
        try
        {
            ending?.Dispose();
        }
        catch (SqliteException)
        {
            usable = false;
        }
        return usable;
    }

    public void Dispose()
    {
        End();
        foreach (var command in prepared.Values)
            command.Dispose();
        connection.Dispose();
    }

    private static readonly string[] ParameterNames = [.. Enumerable.Range(0, 16).Select(i => $"${i}")];
}
