namespace Matryoshka.Storage;

/// <summary>
/// Everything a collection does to files, except what SQLite does itself. Tests put a failing disk here.
/// Errors of the disk come out as <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal interface IFileSystem
{
    /// <summary>Creates the directory and its parents; one that exists is no error.</summary>
    void CreateDirectory(string path);

    /// <summary>Whether a file or a directory of this name exists.</summary>
    bool Exists(string path);

    /// <summary>A file's length, without opening it: closing any handle to a database drops this process's POSIX locks on it.</summary>
    long Length(string path);

    /// <summary>The names (not paths) of the files in a directory, in ordinal order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Creates a file that must not exist and reserves room for it, so that a full disk fails here and leaves nothing.</summary>
    IWritableFile CreateNew(string path, long reserveBytes = 0);

    IReadableFile OpenRead(string path);

    /// <summary>Renames atomically, replacing a file at <paramref name="to"/>. Durable only after <see cref="SyncDirectory"/>.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; one that does not exist is no error.</summary>
    void Delete(string path);

    /// <summary>Makes creations, renames and deletions in a directory durable.</summary>
    void SyncDirectory(string directory);

    /// <summary>Takes a lock that no other process or handle can hold at the same time and that ends with this process, or returns null.</summary>
    IDisposable? TryLock(string path);

    /// <summary>Who took the lock last, if the file says so; for the message after a failed <see cref="TryLock"/>.</summary>
    LockOwner? ReadLockOwner(string path);
}

/// <summary>The process that holds a lock and since when (UTC).</summary>
internal sealed record LockOwner(int ProcessId, DateTimeOffset Since);

internal interface IWritableFile : IDisposable
{
    /// <summary>Writes all bytes at the offset, or throws with an unknown part of them written.</summary>
    void WriteAt(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Sets the length; what was never written reads as zero.</summary>
    void SetLength(long length);

    /// <summary>
    /// Makes everything written so far durable. A failure is final: the system may have dropped the unwritten pages and
    /// forgotten the error, so a second call that succeeds proves nothing. Whoever gets the error must give the file up.
    /// </summary>
    void Sync();
}

internal interface IReadableFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads into all of <paramref name="bytes"/> unless the file ends before; returns the bytes read.</summary>
    int ReadAt(long offset, Span<byte> bytes);

    /// <summary>Maps the whole file, as <see cref="Map(long, long)"/> does.</summary>
    MappedMemory Map() => Map(0, Length);

    /// <summary>Maps a part of the file read-only; its first byte need not begin a page. The map outlives this handle. Only for files that never change: reading a map of a file that was cut kills the process.</summary>
    MappedMemory Map(long offset, long length);
}

/// <summary>Memory that stays where it is until disposed: a mapped file or a native image of one.</summary>
internal abstract unsafe class MappedMemory : IDisposable
{
    public abstract byte* Pointer { get; }

    public abstract long Length { get; }

    public abstract void Dispose();
}
