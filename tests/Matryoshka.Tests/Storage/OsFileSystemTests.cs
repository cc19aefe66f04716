using System.Diagnostics;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

public sealed class OsFileSystemTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly OsFileSystem fs = OsFileSystem.Instance;

    public void Dispose() => folder.Dispose();

    [Fact]
    public unsafe void A_written_file_reads_back_through_reads_and_through_the_map()
    {
        using (var file = fs.CreateNew(folder.File("a"), 100))
        {
            file.SetLength(100);
            file.WriteAt(10, [1, 2, 3]);
            file.Sync();
        }
        MappedMemory map;
        using (var file = fs.OpenRead(folder.File("a")))
        {
            Assert.Equal(100, file.Length);
            var bytes = new byte[8];
            Assert.Equal(8, file.ReadAt(8, bytes));
            Assert.Equal([0, 0, 1, 2, 3, 0, 0, 0], bytes);
            Assert.Equal(2, file.ReadAt(98, bytes));
            Assert.Equal(0, file.ReadAt(200, bytes));
            map = file.Map();
        }
        Assert.Equal(100, map.Length);
        Assert.Equal(2, map.Pointer[11]);
        map.Dispose();
        map.Dispose();
        Assert.True(map.Pointer is null);
    }

    [Fact]
    public unsafe void A_part_of_a_file_is_mapped_wherever_it_begins()
    {
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(folder.File("a"), bytes);
        using var file = fs.OpenRead(folder.File("a"));
        foreach (var (offset, length) in new[] { (0, 1), (64, 4096), (4096, 10), (5000, 95_000), (99_999, 1) })
        {
            using var map = file.Map(offset, length);
            Assert.Equal(length, map.Length);
            Assert.True(new ReadOnlySpan<byte>(map.Pointer, length).SequenceEqual(bytes.AsSpan(offset, length)));
        }
    }

    [Fact]
    public void Names_are_listed_in_order_renamed_over_others_and_deleted_once_or_twice()
    {
        fs.CreateDirectory(folder.File("sub/deeper"));
        foreach (var name in (ReadOnlySpan<string>)["b", "a", "B", "sub/c"])
            fs.CreateNew(folder.File(name)).Dispose();
        Assert.Equal(["B", "a", "b"], fs.List(folder.Path));
        Assert.Throws<IOException>(() => fs.CreateNew(folder.File("a")));
        fs.Rename(folder.File("a"), folder.File("b"));
        fs.SyncDirectory(folder.Path);
        fs.Delete(folder.File("B"));
        fs.Delete(folder.File("B"));
        Assert.Equal(["b"], fs.List(folder.Path));
        Assert.True(fs.Exists(folder.File("sub")));
        Assert.False(fs.Exists(folder.File("a")));
    }

    [Fact]
    public void Flushing_a_directory_that_does_not_exist_says_which()
    {
        if (!OperatingSystem.IsWindows())
            Assert.Contains("nowhere", Assert.Throws<IOException>(() => fs.SyncDirectory(folder.File("nowhere"))).Message);
    }

    [Fact]
    public void Only_one_can_hold_a_lock_and_its_owner_can_be_named()
    {
        var path = folder.File("lock");
        Assert.Null(fs.ReadLockOwner(path));
        var before = DateTimeOffset.UtcNow;
        var held = fs.TryLock(path);
        Assert.NotNull(held);
        Assert.Null(fs.TryLock(path));
        var owner = fs.ReadLockOwner(path);
        Assert.Equal(Environment.ProcessId, owner!.ProcessId);
        Assert.InRange(owner.Since, before, DateTimeOffset.UtcNow);
        Assert.Null(fs.TryLock(path)); // reading the owner did not break the lock
        held.Dispose();
        using var again = fs.TryLock(path);
        Assert.NotNull(again);
    }

    [Fact]
    public void A_lock_file_that_names_nobody_has_no_owner()
    {
        foreach (var text in (ReadOnlySpan<string>)["", "x", "12 yesterday", "-3 2020-01-01T00:00:00.0000000+00:00", new string('9', 500)])
        {
            File.WriteAllText(folder.File("lock"), text);
            Assert.Null(fs.ReadLockOwner(folder.File("lock")));
        }
    }

    [Fact]
    public void A_lock_that_cannot_be_placed_is_an_error_and_not_a_lock_held_by_another() =>
        Assert.ThrowsAny<IOException>(() => fs.TryLock(folder.File("nowhere/lock")));

    [Fact]
    public async Task Another_process_holds_the_lock_until_it_dies()
    {
        var tool = new[] { "/usr/bin/flock", "/bin/flock" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(tool is null, "needs the flock tool of util-linux to hold the lock from another process");
        var path = folder.File("lock");
        // The child holds the lock as its own process image (-F), says so, and waits for its input to end.
        using var child = Process.Start(new ProcessStartInfo(tool!, ["-F", path, "sh", "-c", "echo held; read line"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        Assert.Equal("held", await child.StandardOutput.ReadLineAsync());
        Assert.Null(fs.TryLock(path));
        child.Kill();
        await child.WaitForExitAsync();
        using var held = fs.TryLock(path);
        Assert.NotNull(held);
        using var second = Process.Start(tool!, ["-n", path, "true"]);
        await second.WaitForExitAsync();
        Assert.Equal(1, second.ExitCode);
    }
}
