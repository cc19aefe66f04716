using Matryoshka.Storage;

namespace Matryoshka.Tests.Storage;

/// <summary>What is left of the state that was not made durable when the power goes.</summary>
internal enum CrashMode
{
    /// <summary>Nothing: names as of the last directory flush, contents as of each file's last flush.</summary>
    LoseUnsynced,

    /// <summary>Everything, as if the system had just written it all back.</summary>
    KeepAll,

    /// <summary>New names, old contents: a rename that overtook its file's data.</summary>
    KeepNamesLoseData,

    /// <summary>Some first part of the name changes; of each file any of its 512-byte sectors, and either length.</summary>
    RandomSectors,
}

internal enum Fault
{
    /// <summary>The call fails and does nothing; a failed flush loses what it should have kept, as Linux does.</summary>
    Error,

    /// <summary>A write stops half-way for want of space; a creation makes nothing; other calls succeed.</summary>
    DiskFull,

    /// <summary>A write stops half-way; other calls fail and do nothing.</summary>
    TornWrite,
}

/// <summary>What every call gets once the power is off.</summary>
internal sealed class PowerOffException() : IOException("The power is off.");

/// <summary>
/// A file system on a real directory, so that SQLite can live beside it, that fails calls, stops after a call, and knows
/// which contents and names would outlive a power cut: <see cref="Crash"/> puts exactly those on disk. Calls count from 1;
/// <see cref="IFileSystem.Exists"/> and disposal are not calls. Directories are durable once created. Same seed, same faults.
/// </summary>
internal sealed class FaultyFileSystem(int seed = 0) : IFileSystem
{
    private const int Sector = 512;
    private readonly object gate = new();
    private readonly Random random = new(seed);
    private readonly Dictionary<string, Node> current = [];
    private readonly Dictionary<string, Node> durable = [];
    private readonly List<(string Directory, Action<Dictionary<string, Node>> Apply)> pending = [];
    private readonly Dictionary<IDisposable, string> open = [];
    private (int Call, Fault Fault, bool Forever)? plan;
    private int cutAfter = int.MaxValue;

    /// <summary>One file, whatever its name.</summary>
    internal sealed class Node
    {
        /// <summary>Content as of the last flush.</summary>
        public byte[] Durable = [];

        /// <summary>Content when its last name went.</summary>
        public byte[] Nameless = [];

        /// <summary>A flush failed: what was written before it never reaches the disk, whatever later flushes say.</summary>
        public bool LostWrites;
    }

    /// <summary>Calls so far.</summary>
    public int Calls { get; private set; }

    /// <summary>The calls so far in words, for the message of a failed sweep.</summary>
    public List<string> History { get; } = [];

    /// <summary>What is open now: files, maps and locks.</summary>
    public IReadOnlyCollection<string> OpenHandles
    {
        get
        {
            lock (gate)
                return [.. open.Values];
        }
    }

    /// <summary>Told before every call, while none goes on: the moment to copy what a killed process would leave.</summary>
    public Action? BeforeCall { get; set; }

    /// <summary>Makes a call fail, or it and all that follow.</summary>
    public void FailCall(int call, Fault fault = Fault.Error, bool forever = false) => plan = (call, fault, forever);

    /// <summary>Lets this many calls happen and no other until <see cref="Crash"/>.</summary>
    public void CutPowerAfter(int calls) => cutAfter = calls;

    public void Heal() => plan = null;

    /// <summary>Cuts the power: puts on disk what would be found after it, closes everything, and works again without faults.</summary>
    public void Crash(CrashMode mode)
    {
        lock (gate)
        {
            foreach (var handle in open.Keys.Where(handle => handle is not FaultyMap).ToArray())
                handle.Dispose();
            open.Clear();
            var after = new Dictionary<string, Node>(mode == CrashMode.LoseUnsynced ? durable : current);
            if (mode == CrashMode.RandomSectors)
            {
                after = new(durable);
                foreach (var (_, apply) in pending.Take(random.Next(pending.Count + 1)))
                    apply(after);
            }
            var contents = after.ToDictionary(entry => entry.Key, entry => ContentAfter(entry.Value, mode));
            foreach (var path in current.Keys)
                File.Delete(path);
            foreach (var (path, bytes) in contents)
                Restore(path, bytes);
            pending.Clear();
            current.Clear();
            durable.Clear();
            plan = null;
            cutAfter = int.MaxValue;
        }
    }

    public void CreateDirectory(string path)
    {
        Enter($"CreateDirectory {path}");
        Directory.CreateDirectory(path);
    }

    public bool Exists(string path) => Path.Exists(path);

    public long Length(string path)
    {
        Enter($"Length {path}");
        return OsFileSystem.Instance.Length(path);
    }

    public IReadOnlyList<string> List(string directory)
    {
        Enter($"List {directory}");
        return OsFileSystem.Instance.List(directory);
    }

    public IWritableFile CreateNew(string path, long reserveBytes = 0)
    {
        path = Path.GetFullPath(path);
        Enter($"CreateNew {path}", allocates: true);
        lock (gate)
        {
            var file = new FaultyWritableFile(this, path, new Node());
            current[path] = file.Node;
            Change(path, names => names[path] = file.Node);
            open.Add(file, path);
            return file;
        }
    }

    public IReadableFile OpenRead(string path)
    {
        Enter($"OpenRead {path}");
        return Opened(new FaultyReadableFile(this, path, OsFileSystem.Instance.OpenRead(path)), path);
    }

    public void Rename(string from, string to)
    {
        (from, to) = (Path.GetFullPath(from), Path.GetFullPath(to));
        if (Path.GetDirectoryName(from) != Path.GetDirectoryName(to))
            throw new NotSupportedException("Renames between directories are not modelled.");
        Enter($"Rename {from} {to}");
        lock (gate)
        {
            Track(from);
            Forget(to);
            File.Move(from, to, overwrite: true);
            Move(current);
            Change(to, Move);
        }

        void Move(Dictionary<string, Node> names)
        {
            if (names.Remove(from, out var node))
                names[to] = node;
        }
    }

    public void Delete(string path)
    {
        path = Path.GetFullPath(path);
        Enter($"Delete {path}");
        lock (gate)
        {
            Forget(path);
            File.Delete(path);
            if (current.Remove(path))
                Change(path, names => names.Remove(path));
        }
    }

    public void SyncDirectory(string directory)
    {
        directory = Path.GetFullPath(directory);
        Enter($"SyncDirectory {directory}");
        lock (gate)
        {
            foreach (var (_, apply) in pending.Where(change => change.Directory == directory))
                apply(durable);
            pending.RemoveAll(change => change.Directory == directory);
        }
    }

    public IDisposable? TryLock(string path)
    {
        Enter($"TryLock {path}");
        return OsFileSystem.Instance.TryLock(path) is { } held ? Opened(new FaultyLock(this, held), path) : null;
    }

    public LockOwner? ReadLockOwner(string path)
    {
        Enter($"ReadLockOwner {path}");
        return OsFileSystem.Instance.ReadLockOwner(path);
    }

    /// <summary>Counts a call and fails it if it is its turn. Returns how many of <paramref name="writes"/> bytes to write before failing, or null to go on.</summary>
    internal int? Enter(string call, int writes = 0, bool allocates = false)
    {
        lock (gate)
        {
            if (Calls >= cutAfter)
                throw new PowerOffException();
            BeforeCall?.Invoke();
            Calls++;
            History.Add(call);
            if (plan is not { } p || Calls < p.Call || (Calls > p.Call && !p.Forever))
                return null;
            return p.Fault switch
            {
                Fault.DiskFull when writes == 0 && !allocates => null,
                Fault.DiskFull or Fault.TornWrite when writes > 0 => random.Next(writes),
                _ => throw Failure(p.Fault, call),
            };
        }
    }

    internal IOException Failure(string call) => Failure(plan?.Fault ?? Fault.Error, call);

    internal static byte[] ReadAll(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    internal T Opened<T>(T handle, string path) where T : IDisposable
    {
        lock (gate)
            open.Add(handle, path);
        return handle;
    }

    internal void Closed(IDisposable handle)
    {
        lock (gate)
            open.Remove(handle);
    }

    internal static void Flushed(Node node, string path)
    {
        if (!node.LostWrites)
            node.Durable = ReadAll(path);
    }

    private static IOException Failure(Fault fault, string call) =>
        fault == Fault.DiskFull ? new IOException($"No space left: {call}", 28) : new IOException($"I/O error: {call}", 5);

    private void Change(string path, Action<Dictionary<string, Node>> apply) => pending.Add((Path.GetDirectoryName(path)!, apply));

    /// <summary>Takes note of a file that was there before this object: all of it is durable.</summary>
    private void Track(string path)
    {
        if (!current.ContainsKey(path) && File.Exists(path))
            current[path] = durable[path] = new() { Durable = ReadAll(path) };
    }

    private void Forget(string path)
    {
        Track(path);
        if (current.TryGetValue(path, out var node))
            node.Nameless = ReadAll(path);
    }

    private byte[] ContentAfter(Node node, CrashMode mode)
    {
        if (mode is CrashMode.LoseUnsynced or CrashMode.KeepNamesLoseData)
            return node.Durable;
        var name = current.FirstOrDefault(entry => entry.Value == node).Key;
        var latest = name is null ? node.Nameless : ReadAll(name);
        if (mode == CrashMode.KeepAll)
            return latest;
        var mixed = new byte[random.Next(2) == 0 ? latest.Length : node.Durable.Length];
        for (var at = 0; at < mixed.Length; at += Sector)
        {
            var source = random.Next(2) == 0 ? latest : node.Durable;
            if (at < source.Length)
                source.AsSpan(at, Math.Min(Math.Min(Sector, mixed.Length - at), source.Length - at)).CopyTo(mixed.AsSpan(at));
        }
        return mixed;
    }

    // By a new file and a rename: cutting a file that an abandoned reader still maps would kill the process.
    private static void Restore(string path, byte[] bytes)
    {
        File.WriteAllBytes(path + ".restoring", bytes);
        File.Move(path + ".restoring", path, overwrite: true);
    }
}
