using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>Turns SQLite's result codes into errors a user can act on.</summary>
internal static class SqliteErrors
{
    private const int Busy = 5, Locked = 6, ReadOnly = 8, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;

    /// <summary>Whether a commit that ended so has certainly not happened.</summary>
    public static bool IsUndone(SqliteException error) => error.SqliteErrorCode is Busy or Locked or Full;

    public static MatryoshkaException Translate(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        Busy or Locked => new CollectionBusyException($"'{path}' is in use by another process and did not become free in time: try again, or stop the other writer."),
        Corrupt or NotADatabase => new CorruptFileException(path, error.Message),
        Full => new MatryoshkaException($"The disk that holds '{path}' is full: nothing of the last change was kept; free some space and repeat it.", error),
        ReadOnly => new MatryoshkaException($"'{path}' cannot be written: check the folder's permissions.", error),
        CannotOpen => new MatryoshkaException($"'{path}' cannot be opened: check that the folder exists and may be read.", error),
        _ => new MatryoshkaException($"SQLite failed on '{path}': {error.Message}", error),
    };
}
