using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>Turns what the disk and SQLite report into errors a user can act on.</summary>
internal static class StorageErrors
{
    // ENOSPC as .NET reports it on Unix, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.
    private const int NoSpaceUnix = 28, DiskFullWindows = unchecked((int)0x80070070), HandleDiskFullWindows = unchecked((int)0x80070027);

    public static bool IsDiskFull(IOException error) => error.HResult is NoSpaceUnix or DiskFullWindows or HandleDiskFullWindows;

    /// <summary>The error to throw instead, or null to let the original pass.</summary>
    public static MatryoshkaException? Translate(Exception error, StorePaths paths) => error switch
    {
        SqliteException sqlite => SqliteErrors.Translate(sqlite, paths.Catalog),
        FileNotFoundException missing => new CorruptFileException(missing.FileName ?? paths.Directory, "the catalogue names it, but it is missing"),
        IOException full when IsDiskFull(full) =>
            new MatryoshkaException($"The disk that holds '{paths.Directory}' is full: nothing of the last change was kept; free some space and repeat it.", full),
        IOException io => new MatryoshkaException($"Reading or writing '{paths.Directory}' failed: {io.Message}", io),
        UnauthorizedAccessException denied => new MatryoshkaException($"Access to '{paths.Directory}' was denied: check the folder's permissions.", denied),
        _ => null,
    };
}
