using System.Globalization;
using Matryoshka.Storage;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class MaintenanceCommandTests : IDisposable
{
    private const int Sealing = 1024;
    private readonly TestFolder folder = new();

    private string At => folder.At("c.mrl");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_import_ends_with_the_maintenance_that_is_due()
    {
        await PrepareAsync();
        (await CliRun.Of("import", Rows(), "-c", At)).Expect(0);
        using var collection = Collection.Open(At);
        Assert.Single(collection.GetInfo().Segments);
        Assert.Equal(8 * Sealing, await collection.CountAsync());
    }

    [Fact]
    public async Task An_interruption_of_that_maintenance_says_that_the_collection_is_complete()
    {
        await PrepareAsync();
        using var source = new CancellationTokenSource();
        using (OsFileSystem.Instance.TryLock(new StorePaths(At).MaintenanceLock))
        {
            var running = Task.Run(() => CliRun.Cancellable(source.Token, "import", Rows(), "-c", At));
            using (var watched = Collection.Open(At))
                while (await watched.CountAsync() < 8 * Sealing && !running.IsCompleted)
                    await Task.Delay(20);
            await Task.Delay(300);
            await source.CancelAsync();
            var run = await running;
            Assert.Equal(130, run.Code);
            Assert.Contains("1,024 rows imported", run.Error, StringComparison.Ordinal);
            Assert.Contains("complete and searchable", run.Error, StringComparison.Ordinal);
        }
        var compacted = (await CliRun.Of("compact", "-c", At, "--json")).Expect(0).Json;
        Assert.Equal((8 * Sealing, 1), (compacted.GetProperty("rows").GetInt32(), compacted.GetProperty("segmentsAfter").GetInt32()));
    }

    [Fact]
    public async Task Maintenance_that_fails_is_a_warning_since_the_rows_are_stored()
    {
        await PrepareAsync();
        var segment = Directory.GetFiles(Path.Join(At, "segments"))[0];
        var bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(segment, bytes);
        var run = await CliRun.Of("import", Rows(), "-c", At);
        Assert.Equal(0, run.Code);
        Assert.Contains("mrl: warning: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(segment), run.Error, StringComparison.Ordinal);
    }

    private async Task PrepareAsync()
    {
        using var collection = Collection.Create(At, TestVectors.Options(), OsFileSystem.Instance, new(BackgroundMaintenance: false));
        for (var i = 0; i < 7; i++)
            await collection.UpsertAsync(Enumerable.Range(i * Sealing, Sealing).Select(n => TestVectors.Record($"k{n}", n)), new() { BatchSize = 4096 });
    }

    private string Rows()
    {
        var path = folder.At("rows.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, Sealing).Select(i =>
            $$"""{"id":"new{{i}}","vector":[{{string.Join(',', TestVectors.Vector(-i).Select(x => x.ToString("R", CultureInfo.InvariantCulture)))}}]}"""));
        return path;
    }
}
