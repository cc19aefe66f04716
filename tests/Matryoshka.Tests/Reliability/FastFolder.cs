namespace Matryoshka.Tests.Reliability;

/// <summary>A folder that goes with the test, in memory where the system offers that: these tests commit thousands of times, and losing power is simulated.</summary>
internal sealed class FastFolder : IDisposable
{
    private const string SharedMemory = "/dev/shm";

    private int copies;

    public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Join(
        OperatingSystem.IsLinux() && Directory.Exists(SharedMemory) ? SharedMemory : System.IO.Path.GetTempPath(),
        "matryoshka-tests", Guid.NewGuid().ToString("N"))).FullName;

    public string At(string name) => System.IO.Path.Join(Path, name);

    /// <summary>
    /// Copies a collection as a process that died would leave it: catalogue, write-ahead log and segments, without the
    /// shared-memory index that SQLite rebuilds.
    /// </summary>
    public string CopyOf(string collection)
    {
        var copy = At($"copy{Interlocked.Increment(ref copies)}");
        Directory.CreateDirectory(System.IO.Path.Join(copy, "segments"));
        foreach (var file in Directory.EnumerateFiles(collection, "*", SearchOption.AllDirectories))
        {
            var name = System.IO.Path.GetRelativePath(collection, file);
            if (!name.EndsWith("-shm", StringComparison.Ordinal) && name is not ("writer.lock" or "maintenance.lock"))
                File.WriteAllBytes(System.IO.Path.Join(copy, name), Bytes(file));
        }
        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
