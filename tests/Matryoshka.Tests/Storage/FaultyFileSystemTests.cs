using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>The fake disk is trusted by many tests, so it has its own.</summary>
public sealed class FaultyFileSystemTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly FaultyFileSystem fs = new(seed: 1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_needs_both_its_own_flush_and_its_folders()
    {
        Put("neither");
        Put("data", sync: true);
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Empty(Names());

        Put("name");
        fs.SyncDirectory(folder.Path);
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Equal(0, new FileInfo(folder.File("name")).Length);

        Put("both", sync: true);
        fs.SyncDirectory(folder.Path);
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Equal(3_000, new FileInfo(folder.File("both")).Length);
    }

    [Fact]
    public void A_rename_not_flushed_is_undone_and_what_it_replaced_is_back()
    {
        File.WriteAllText(folder.File("old"), "was here before");
        Put("new", sync: true);
        fs.SyncDirectory(folder.Path);
        fs.Rename(folder.File("new"), folder.File("old"));
        Assert.Equal(["old"], Names());
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Equal(["new", "old"], Names());
        Assert.Equal("was here before", File.ReadAllText(folder.File("old")));
    }

    [Fact]
    public void A_deletion_not_flushed_is_undone_and_one_flushed_is_not()
    {
        File.WriteAllText(folder.File("a"), "a");
        fs.Delete(folder.File("a"));
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Equal("a", File.ReadAllText(folder.File("a")));
        fs.Delete(folder.File("a"));
        fs.SyncDirectory(folder.Path);
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Empty(Names());
    }

    [Fact]
    public void A_rename_can_outlive_its_files_data()
    {
        Put("a.tmp");
        fs.Rename(folder.File("a.tmp"), folder.File("a"));
        fs.Crash(CrashMode.KeepNamesLoseData);
        Assert.Equal(["a"], Names());
        Assert.Equal(0, new FileInfo(folder.File("a")).Length);
    }

    [Fact]
    public void Random_sectors_mix_old_and_new_and_never_part_of_one()
    {
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 40; seed++)
        {
            using var place = new TempFolder();
            var disk = new FaultyFileSystem(seed);
            using (var file = disk.CreateNew(place.File("a")))
            {
                file.WriteAt(0, Enumerable.Repeat((byte)1, 1_024).ToArray());
                file.Sync();
                disk.SyncDirectory(place.Path);
                file.WriteAt(0, Enumerable.Repeat((byte)2, 1_024).ToArray());
            }
            disk.Crash(CrashMode.RandomSectors);
            var bytes = File.ReadAllBytes(place.File("a"));
            Assert.Single(bytes[..512].Distinct());
            Assert.Single(bytes[512..].Distinct());
            seen.Add($"{bytes[0]}{bytes[512]}");
        }
        Assert.Equal(["11", "12", "21", "22"], seen.Order());
    }

    [Fact]
    public void Data_of_a_failed_flush_is_lost_even_if_a_later_flush_succeeds()
    {
        using (var file = fs.CreateNew(folder.File("a")))
        {
            fs.SyncDirectory(folder.Path);
            file.WriteAt(0, [1]);
            fs.FailCall(fs.Calls + 1);
            Assert.Throws<IOException>(file.Sync);
            file.Sync();
        }
        fs.Crash(CrashMode.LoseUnsynced);
        Assert.Equal(0, new FileInfo(folder.File("a")).Length);
    }

    [Fact]
    public void Torn_writes_write_a_part_and_a_full_disk_says_so()
    {
        using var file = fs.CreateNew(folder.File("a"));
        fs.FailCall(fs.Calls + 1, Fault.DiskFull);
        Assert.Equal(28, Assert.Throws<IOException>(() => file.WriteAt(0, new byte[1_000])).HResult);
        Assert.InRange(new FileInfo(folder.File("a")).Length, 0, 999);
        fs.FailCall(fs.Calls + 1, Fault.TornWrite);
        Assert.Throws<IOException>(() => file.WriteAt(0, new byte[1_000]));
    }

    [Fact]
    public void Nothing_happens_after_the_power_is_cut_and_locks_and_handles_are_gone()
    {
        Assert.NotNull(fs.TryLock(folder.File("lock")));
        var file = fs.CreateNew(folder.File("a"));
        Assert.Equal(2, fs.OpenHandles.Count);
        fs.CutPowerAfter(fs.Calls);
        Assert.Throws<PowerOffException>(() => file.WriteAt(0, [1]));
        Assert.Throws<PowerOffException>(() => fs.Delete(folder.File("a")));
        fs.Crash(CrashMode.KeepAll);
        Assert.Empty(fs.OpenHandles);
        using var again = fs.TryLock(folder.File("lock"));
        Assert.NotNull(again);
        Assert.Equal(0, new FileInfo(folder.File("a")).Length);
    }

    private void Put(string name, bool sync = false)
    {
        using var file = fs.CreateNew(folder.File(name));
        file.WriteAt(0, new byte[3_000]);
        if (sync)
            file.Sync();
    }

    private IEnumerable<string> Names() => fs.List(folder.Path);
}
