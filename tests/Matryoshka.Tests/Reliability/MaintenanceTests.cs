using System.Diagnostics;
using Matryoshka.Storage;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>Merging and building of lists beside readers and writers.</summary>
public sealed class MaintenanceTests : IDisposable
{
    private const int Sealing = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FastFolder folder = new();

    private string At => folder.At("c");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Merging_begins_by_itself_after_writes()
    {
        using var collection = Collection.Create(At, SeededVectors.Create, OsFileSystem.Instance, new(SmallLists.Parameters));
        var model = await SealAsync(collection, 9);
        await UntilAsync(() => collection.GetInfo().Segments.Count <= 2);
        await SoundCollection.MatchAsync(collection, [model], "merged");
        Assert.NotNull(collection.GetInfo().Segments[0].ListsBytes);
        Assert.Null(collection.MaintenanceError);
        AssertFiles(collection);
    }

    [Fact]
    public async Task Merging_waits_to_be_asked_where_that_was_chosen_and_tells_how_far_it_is()
    {
        using var collection = Create();
        var model = await SealAsync(collection, 8);
        await Task.Delay(150);
        Assert.Equal(8, collection.GetInfo().Segments.Count);
        var told = new Told();
        await collection.MaintainAsync(told);
        var segment = Assert.Single(collection.GetInfo().Segments);
        Assert.Equal(new MaintenanceProgress(MaintenanceStep.Merge, 8 * Sealing, 8 * Sealing), told.All.Last(p => p.Step == MaintenanceStep.Merge));
        Assert.Equal(new MaintenanceProgress(MaintenanceStep.Lists, 8 * Sealing, 8 * Sealing), told.All[^1]);
        Assert.Equal(new FileInfo(Path.Join(At, "segments", StorePaths.ListsFile(segment.File))).Length, segment.ListsBytes);
        await SoundCollection.MatchAsync(collection, [model], "merged");
        await collection.MaintainAsync(told); // nothing is due
        Assert.Single(collection.GetInfo().Segments);
        AssertFiles(collection);
    }

    [Fact]
    public async Task What_is_deleted_replaced_and_written_while_a_merge_runs_is_neither_lost_nor_brought_back()
    {
        using var collection = Create();
        var model = await SealAsync(collection, 8);
        Operation[] meanwhile =
        [
            Operation.Delete(["k3", "k1500", "k8000", "k8191"]),
            Operation.Upsert(Operation.Records(5, 3, 1)),
            Operation.Upsert(Operation.Records(8192, Sealing)),
        ];
        await collection.MaintainAsync(new Once(MaintenanceStep.Lists, () => Write(collection, meanwhile, ref model)));
        await SoundCollection.MatchAsync(collection, [model], "merged meanwhile");
        var info = collection.GetInfo();
        Assert.Equal([(8192L, 7L), (Sealing + 3, 0)], info.Segments.Select(s => (s.Rows, s.DeadRows)));
        AssertFiles(collection);
        await collection.CompactAsync();
        Assert.Equal(0, collection.GetInfo().DeadRows);
        await SoundCollection.MatchAsync(collection, [model], "compacted");
    }

    [Fact]
    public async Task What_is_written_while_a_compaction_runs_stays_beside_it()
    {
        using var collection = Create();
        var model = await SealAsync(collection, 2);
        Operation[] meanwhile = [Operation.Delete(["k3"]), Operation.Upsert(Operation.Records(0, 1100, 1)), Operation.Upsert(Operation.Records(3000, 4))];
        Assert.Equal(new CompactionResult(2 * Sealing, 2, 1), await collection.CompactAsync(new Once(MaintenanceStep.Cluster, () => Write(collection, meanwhile, ref model)), TestContext.Current.CancellationToken));
        await SoundCollection.MatchAsync(collection, [model], "compacted meanwhile");
        Assert.Equal(4, collection.GetInfo().Pending);
        await collection.MaintainAsync(); // more than a fifth of the first segment is dead now
        Assert.Equal([948L, 1100], collection.GetInfo().Segments.Select(s => s.Rows));
        await SoundCollection.MatchAsync(collection, [model], "maintained");
        AssertFiles(collection);
    }

    [Fact]
    public async Task A_segment_with_more_than_a_fifth_of_dead_rows_is_rewritten_alone()
    {
        using var collection = Create();
        var model = await SealAsync(collection, 3);
        var dying = Operation.Delete([.. Enumerable.Range(1100, 204).Select(i => $"k{i}")]);
        await dying.RunAsync(collection);
        var before = collection.GetInfo().Segments;
        await collection.MaintainAsync();
        Assert.Equal(before, collection.GetInfo().Segments); // 204 are less than a fifth of 1,024
        await collection.DeleteAsync(["k1099"]);
        await collection.MaintainAsync();
        var after = collection.GetInfo().Segments;
        Assert.Equal([before[0], before[2]], [after[0], after[2]]);
        Assert.Equal((819, 0), (after[1].Rows, after[1].DeadRows));
        model = Operation.Delete(["k1099"]).States(dying.States(model)[^1])[^1];
        await SoundCollection.MatchAsync(collection, [model], "rewritten");
        await collection.DeleteAsync(model.Records.Keys);
        await collection.MaintainAsync();
        Assert.Empty(collection.GetInfo().Segments);
        AssertFiles(collection);
    }

    [Fact]
    public async Task Missing_lists_are_added_and_those_of_the_largest_part_are_taken_over_while_they_serve()
    {
        using (var collection = Create(lists: false))
            await collection.UpsertAsync(Operation.Records(0, 1100), new() { BatchSize = 4096 });
        using (var collection = Open())
        {
            await collection.MaintainAsync();
            Assert.NotNull(Assert.Single(collection.GetInfo().Segments).ListsBytes);
            await collection.DeleteAsync([.. Enumerable.Range(0, 100).Select(i => $"k{i}")]);
            await collection.UpsertAsync(Operation.Records(2000, Sealing), new() { BatchSize = 4096 });
            await collection.CompactAsync();
            Assert.Empty(await collection.VerifyAsync());
            Assert.Equal((1100, 2024), Clustered());
            await collection.UpsertAsync(Operation.Records(4000, Sealing), new() { BatchSize = 4096 });
            await collection.CompactAsync();
            Assert.Empty(await collection.VerifyAsync());
            Assert.Equal((3048, 3048), Clustered()); // more than twice as many as were clustered
        }
    }

    [Fact]
    public async Task Lists_that_are_lost_or_damaged_are_named_done_without_and_built_anew_by_a_compaction()
    {
        using (var collection = Create())
        {
            await collection.UpsertAsync(Operation.Records(0, 1100), new() { BatchSize = 4096 });
            await collection.MaintainAsync();
        }
        var path = Assert.Single(Directory.GetFiles(Path.Join(At, "segments"), "*.mri"));
        var whole = File.ReadAllBytes(path);
        byte[]?[] damages = [null, [], whole[..^1], [.. whole[..20], 1, .. whole[21..]]];
        foreach (var damage in damages)
        {
            var copy = folder.CopyOf(At);
            var lists = Path.Join(copy, "segments", Path.GetFileName(path));
            File.Delete(lists);
            if (damage is not null)
                File.WriteAllBytes(lists, damage);
            using var collection = Collection.Open(copy, Quiet, OsFileSystem.Instance, SmallLists.Parameters);
            Assert.Contains(Path.GetFileName(lists), Assert.Single(await collection.VerifyAsync()), StringComparison.Ordinal);
            Assert.Equal("k7", (await collection.SearchAsync(SeededVectors.Of("k7/0"))).Hits[0].Key);
            Assert.Null(collection.GetInfo().Segments[0].ListsBytes);
            await collection.CompactAsync();
            Assert.NotNull(collection.GetInfo().Segments[0].ListsBytes);
            Assert.Empty(await collection.VerifyAsync());
        }
    }

    [Fact]
    public async Task An_error_in_the_background_hinders_no_write_and_is_told_until_maintenance_succeeds()
    {
        using var collection = Collection.Create(At, SeededVectors.Create, OsFileSystem.Instance, new(SmallLists.Parameters));
        var model = await SealAsync(collection, 7);
        var damaged = Path.Join(At, "segments", collection.GetInfo().Segments[3].File);
        FlipLastByte(damaged);
        var last = Operation.Upsert(Operation.Records(7 * Sealing, Sealing));
        await last.RunAsync(collection);
        model = last.States(model)[^1];
        await UntilAsync(() => collection.MaintenanceError is not null);
        Assert.Contains(damaged, collection.MaintenanceError!.Message, StringComparison.Ordinal);
        await collection.UpsertAsync(Operation.Versioned("k0", 1));
        var told = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.MaintainAsync());
        Assert.Contains(damaged, told.Message, StringComparison.Ordinal);
        AssertFiles(collection);
        FlipLastByte(damaged);
        await collection.MaintainAsync();
        Assert.Null(collection.MaintenanceError);
        Assert.Single(collection.GetInfo().Segments);
        await SoundCollection.MatchAsync(collection, [Operation.Upsert([Operation.Versioned("k0", 1)]).States(model)[^1]], "after the error");
    }

    [Fact]
    public async Task Closing_stops_a_build_at_once_and_leaves_nothing_half_written()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // else the test goes on inside the build
        using var closing = new ManualResetEventSlim();
        Model model;
        Task asked;
        using (var collection = Create())
        {
            model = await SealAsync(collection, 8);
            asked = collection.MaintainAsync(new Once(MaintenanceStep.Cluster, () =>
            {
                begun.TrySetResult();
                closing.Wait(Patience);
                closing.Reset();
                closing.Wait(100); // by then the closing has cancelled
            }));
            await begun.Task.WaitAsync(Patience);
            var started = Stopwatch.GetTimestamp();
            closing.Set();
            collection.Dispose();
            Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await SoundCollection.RecoversAsync(At, [model], "closed while building");
        using var again = Open();
        AssertFiles(again);
        await again.MaintainAsync();
        Assert.Single(again.GetInfo().Segments);
    }

    [Fact]
    public async Task A_file_that_another_process_may_be_writing_is_no_orphan()
    {
        using var collection = Create();
        var file = Path.Join(At, "segments", "000000000001-000000000002-00000000.mrs.tmp");
        File.WriteAllText(file, "being written");
        using (OsFileSystem.Instance.TryLock(new StorePaths(At).MaintenanceLock))
        {
            await collection.UpsertAsync(Operation.Versioned("a", 1));
            Assert.True(File.Exists(file));
        }
        await collection.UpsertAsync(Operation.Versioned("b", 1));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Maintenance_waits_for_another_process_that_is_at_it_and_a_compaction_says_who_that_is()
    {
        using var collection = Collection.Create(At, SeededVectors.Create, OsFileSystem.Instance, new(SmallLists.Parameters, BackgroundMaintenance: false));
        await SealAsync(collection, 8);
        using var impatient = Collection.Open(At, Quiet with { WriterWait = TimeSpan.FromMilliseconds(200) });
        Task asked;
        using (OsFileSystem.Instance.TryLock(new StorePaths(At).MaintenanceLock))
        {
            asked = collection.MaintainAsync();
            var busy = await Assert.ThrowsAsync<CollectionBusyException>(() => impatient.CompactAsync());
            Assert.Contains($"process {Environment.ProcessId}", busy.Message, StringComparison.Ordinal);
            Assert.False(asked.IsCompleted);
        }
        await asked;
        Assert.Single(collection.GetInfo().Segments);
    }

    [Fact]
    public async Task A_disk_that_fills_while_merging_leaves_the_collection_as_it_was_and_writable()
    {
        Model model;
        using (var collection = Create())
            model = await SealAsync(collection, 8);
        var disk = new FaultyFileSystem();
        using (var collection = Collection.Open(At, Quiet, disk, SmallLists.Parameters))
        {
            await collection.DeleteAsync(["no such key"]);
            disk.FailCall(disk.Calls + 1, Fault.DiskFull, forever: true);
            var full = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.MaintainAsync());
            Assert.Contains("full", full.Message, StringComparison.Ordinal);
            await SoundCollection.MatchAsync(collection, [model], "full");
            AssertFiles(collection);
            disk.Heal();
            await collection.UpsertAsync(Operation.Versioned("k0", 1));
            await collection.MaintainAsync();
            Assert.Single(collection.GetInfo().Segments);
        }
    }

    private static void Write(Collection collection, Operation[] operations, ref Model model)
    {
        foreach (var operation in operations)
        {
            operation.RunAsync(collection).GetAwaiter().GetResult();
            model = operation.States(model)[^1];
        }
    }

    private static OpenOptions Quiet => SeededVectors.Open with { BackgroundMaintenance = false };

    private Collection Create(bool lists = true) =>
        Collection.Create(At, SeededVectors.Create, OsFileSystem.Instance, new(lists ? SmallLists.Parameters : null, BackgroundMaintenance: false));

    private Collection Open() => Collection.Open(At, Quiet, OsFileSystem.Instance, SmallLists.Parameters);

    /// <summary>The rows that the only segment's lists were clustered from, and all of theirs.</summary>
    private (int Trained, int Rows) Clustered()
    {
        using var store = CollectionStore.Open(At, OsFileSystem.Instance);
        var snapshot = store.PinSnapshot();
        var lists = snapshot.Views[0].Lists!.View;
        var counts = (lists.Trained, lists.Rows);
        snapshot.Release();
        return counts;
    }

    // The file is mapped, so it is changed in place.
    private static void FlipLastByte(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = file.Length - 1;
        var last = file.ReadByte();
        file.Position = file.Length - 1;
        file.WriteByte((byte)~last);
    }

    private static async Task<Model> SealAsync(Collection collection, int segments)
    {
        var model = new Model();
        for (var i = 0; i < segments; i++)
        {
            var operation = Operation.Upsert(Operation.Records(i * Sealing, Sealing));
            await operation.RunAsync(collection);
            model = operation.States(model)[^1];
        }
        return model;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var started = Stopwatch.GetTimestamp(); !holds(); await Task.Delay(20))
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, "it did not happen in time");
    }

    private void AssertFiles(Collection collection) => Assert.Equal(
        collection.GetInfo().Segments.SelectMany(s => s.ListsBytes is null ? [s.File] : new[] { s.File, StorePaths.ListsFile(s.File) }).Order(StringComparer.Ordinal),
        Directory.EnumerateFiles(Path.Join(At, "segments")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));

    /// <summary>Does something at the first report of a step, while the work waits.</summary>
    private sealed class Once(MaintenanceStep step, Action action) : IProgress<MaintenanceProgress>
    {
        private Action? left = action;

        public void Report(MaintenanceProgress value)
        {
            if (value.Step == step)
                Interlocked.Exchange(ref left, null)?.Invoke();
        }
    }

    private sealed class Told : IProgress<MaintenanceProgress>
    {
        public List<MaintenanceProgress> All { get; } = [];

        public void Report(MaintenanceProgress value)
        {
            lock (All)
                All.Add(value);
        }
    }
}
