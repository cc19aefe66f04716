using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Storage;

/// <summary>Every call of a segment's writing fails once, for ever, or is the last before the power goes.</summary>
public class SegmentFaultTests
{
    private static readonly Guid Collection = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly SegmentSpec Spec = new(Collection, NestedDimensions.Trained(2, 40), Precision.F16, true, true);
    private static readonly ArrayRows Rows = ArrayRows.Random(30, 40, 8);

    [Theory]
    [InlineData(nameof(Fault.Error))]
    [InlineData(nameof(Fault.DiskFull))]
    [InlineData(nameof(Fault.TornWrite))]
    public void A_call_that_fails_once_leaves_no_file_and_no_handle(string fault) => Sweep(call =>
    {
        using var folder = new TempFolder();
        var fs = new FaultyFileSystem(call);
        fs.FailCall(call, Enum.Parse<Fault>(fault));
        if (!Fails(() => SegmentWriter.Write(fs, folder.File("a.seg"), Spec, Rows)))
        {
            // A full disk stops creations and writes only; what the failed call was tells whether it had to fail.
            Assert.True(fs.Calls < call || fault == nameof(Fault.DiskFull), $"{fs.History[^1]} did not fail");
            return fs.Calls >= call;
        }
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Empty(fs.OpenHandles);
        SegmentWriter.Write(fs, folder.File("a.seg"), Spec, Rows); // the space is back
        Assert.Empty(SegmentVerifier.Verify(fs, folder.File("a.seg"), Collection));
        return true;
    });

    [Fact]
    public void A_disk_that_fails_for_ever_leaves_no_half_segment_under_its_name_and_no_handle() => Sweep(call =>
    {
        using var folder = new TempFolder();
        var fs = new FaultyFileSystem();
        fs.FailCall(call, Fault.Error, forever: true);
        var failed = Fails(() => SegmentWriter.Write(fs, folder.File("a.seg"), Spec, Rows));
        Assert.Empty(fs.OpenHandles);
        if (File.Exists(folder.File("a.seg")))
            Assert.Empty(SegmentVerifier.Verify(OsFileSystem.Instance, folder.File("a.seg"), Collection));
        else
            Assert.True(failed);
        return failed;
    });

    [Theory]
    [InlineData(nameof(CrashMode.LoseUnsynced), 1)]
    [InlineData(nameof(CrashMode.KeepAll), 1)]
    [InlineData(nameof(CrashMode.KeepNamesLoseData), 1)]
    [InlineData(nameof(CrashMode.RandomSectors), 8)]
    public void A_power_cut_after_any_call_leaves_the_whole_segment_or_none(string mode, int seeds) => Sweep(call =>
    {
        var written = false;
        for (var seed = 0; seed < seeds; seed++)
        {
            using var folder = new TempFolder();
            var path = folder.File("a.seg");
            var fs = new FaultyFileSystem(seed * 1_000 + call);
            fs.CutPowerAfter(call - 1);
            written = !Fails(() => SegmentWriter.Write(fs, path, Spec, Rows));
            fs.Crash(Enum.Parse<CrashMode>(mode));
            Assert.True(File.Exists(path) || !written, "the segment was written, but the crash took it");
            if (File.Exists(path))
                Assert.Empty(SegmentVerifier.Verify(fs, path, Collection));
            else
                SegmentWriter.Write(fs, path, Spec, Rows); // whatever the crash left is no hindrance
            Assert.Empty(fs.OpenHandles);
        }
        return !written;
    });

    /// <summary>Runs with call = 1, 2, 3 ... until one returns false: the call lay beyond the last.</summary>
    private static void Sweep(Func<int, bool> failsAt)
    {
        var call = 1;
        while (failsAt(call))
            call++;
        Assert.InRange(call, 15, 60);
    }

    private static bool Fails(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
