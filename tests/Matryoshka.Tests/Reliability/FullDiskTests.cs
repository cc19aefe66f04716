using System.Diagnostics;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>A real disk that is really full, under SQLite too.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int Megabytes = 3;

    private readonly FastFolder folder = new();
    private bool mounted;

    public void Dispose()
    {
        if (mounted)
            Run("umount", folder.At("disk"));
        folder.Dispose();
    }

    [Theory]
    [InlineData(40)]
    [InlineData(1100)]
    public async Task A_full_disk_is_named_loses_nothing_and_writing_goes_on_when_there_is_room_again(int batch)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Needs Linux and root, to mount a small disk.");
        Directory.CreateDirectory(folder.At("disk"));
        mounted = Run("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m", "none", folder.At("disk"));
        Assert.SkipUnless(mounted, "Mounting is not permitted here.");

        var directory = folder.At("disk/c");
        var ballast = folder.At("disk/ballast");
        File.WriteAllBytes(ballast, new byte[512 << 10]);
        var model = new Model();
        using (var collection = Collection.Create(directory, SeededVectors.Create, OsFileSystem.Instance, new(BackgroundMaintenance: false)))
        {
            MatryoshkaException? full = null;
            for (var i = 0; full is null; i++)
            {
                Assert.True(i < 10_000, "the disk never fills");
                var operation = Operation.Upsert(Operation.Records(i * batch, batch));
                try
                {
                    await operation.RunAsync(collection);
                    model = operation.States(model)[^1];
                }
                catch (MatryoshkaException error)
                {
                    full = error;
                }
            }
            Assert.Contains("is full", full.Message, StringComparison.Ordinal);
            await SoundCollection.MatchAsync(collection, [model], "full");
            await Assert.ThrowsAnyAsync<MatryoshkaException>(() => collection.UpsertAsync(Operation.Records(0, 3000, 7)));
            await SoundCollection.RecoversAsync(folder.CopyOf(directory), [model], "killed while full");
            File.Delete(ballast);
            var next = Operation.Upsert(Operation.Records(0, 5, 1));
            await next.RunAsync(collection);
            model = next.States(model)[^1];
            await SoundCollection.MatchAsync(collection, [model], "with room again");
        }
        await SoundCollection.RecoversAsync(directory, [model], "opened again");
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // no such program
        }
    }
}
