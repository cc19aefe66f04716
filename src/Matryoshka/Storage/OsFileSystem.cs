using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Matryoshka.Storage;

/// <summary>The files of the operating system; the only place of a collection that touches them.</summary>
internal sealed partial class OsFileSystem : IFileSystem
{
    public static readonly OsFileSystem Instance = new();

    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    public bool Exists(string path) => Path.Exists(path);

    public long Length(string path) => new FileInfo(path).Length;

    public IReadOnlyList<string> List(string directory)
    {
        var names = Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)).ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public IWritableFile CreateNew(string path, long reserveBytes = 0) =>
        new OsWritableFile(File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, reserveBytes));

    public IReadableFile OpenRead(string path) =>
        new OsReadableFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    public void SyncDirectory(string directory)
    {
        // Windows journals directory entries itself and offers no flush for them. Elsewhere managed code cannot open a directory.
        if (OperatingSystem.IsWindows())
            return;
        using var handle = OpenUnlocked(directory);
        if (FileSync(handle) != 0 && Marshal.GetLastPInvokeError() is var error and not InvalidArgument)
            throw new IOException($"The directory {directory} could not be flushed: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    public IDisposable? TryLock(string path)
    {
        // Unix: FileShare.None is flock(LOCK_EX), any other share is a lock that two can hold. Windows: FileShare.Read
        // already keeps a second writer out and lets the owner be read.
        var share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException) && File.Exists(path))
        {
            return null;
        }
        try
        {
            // The file stays when the lock ends: deleting it would let a third process lock a new file of the same name while a second waits on the old.
            var owner = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {DateTimeOffset.UtcNow:O}\n");
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, System.Text.Encoding.ASCII.GetBytes(owner), 0);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public LockOwner? ReadLockOwner(string path)
    {
        if (!File.Exists(path))
            return null;
        using var handle = OperatingSystem.IsWindows()
            ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
            : OpenUnlocked(path);
        Span<byte> bytes = stackalloc byte[64];
        var parts = System.Text.Encoding.ASCII.GetString(bytes[..RandomAccess.Read(handle, bytes, 0)]).Trim().Split(' ');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && DateTimeOffset.TryParseExact(parts[1], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var since)
            ? new(process, since)
            : null;
    }

    private const int InvalidArgument = 22; // EINVAL: a file system that cannot flush directories has nothing to make durable.

    /// <summary>Opens a file or directory to read without the lock that .NET puts on every file it opens on Unix.</summary>
    private static SafeFileHandle OpenUnlocked(string path)
    {
        const int ReadOnly = 0;
        var closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        var descriptor = FileOpen(path, ReadOnly | closeOnExec);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"{path} could not be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    // open(2) is variadic, but only beyond these two arguments, which every calling convention passes alike.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileSync(SafeFileHandle handle);
}
