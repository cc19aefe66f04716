using System.Collections.Concurrent;
using Matryoshka.Storage;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>Every call to the file system fails, finds the disk full, is the last before the power goes, or the last before the process dies.</summary>
public sealed class CrashSweepTests : IDisposable
{
    // What is on disk before a read is what is on disk after it, so cuts are made between changes only; and reads of one
    // file fail alike, so the first of a kind stands for them. MATRYOSHKA_EVERY_CALL=1 makes no such cuts in the work.
    private static readonly bool EveryCall = Environment.GetEnvironmentVariable("MATRYOSHKA_EVERY_CALL") == "1";

    private readonly FastFolder folder = new();

    public static TheoryData<string> Scripts => [.. CrashScripts.All.Keys];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_process_that_dies_before_any_call_or_after_any_operation_loses_nothing_acknowledged(string name)
    {
        var (directory, before) = await PrepareAsync(name);
        var states = new ConcurrentQueue<(string Copy, IReadOnlyList<Model> Possible, string Context)>();
        var fs = new FaultyFileSystem();
        using (var collection = Open(directory, fs))
        {
            foreach (var operation in CrashScripts.All[name].Disturbed)
            {
                var possible = operation.States(before);
                fs.BeforeCall = () =>
                {
                    if (EveryCall || fs.History.Count == 0 || !IsRead(fs.History[^1]))
                        states.Enqueue((folder.CopyOf(directory), possible, $"{operation.Name}, killed after {fs.Calls} calls, the last {fs.History.LastOrDefault()}"));
                };
                await operation.RunAsync(collection);
                fs.BeforeCall = null;
                before = possible[^1];
                states.Enqueue((folder.CopyOf(directory), [before], $"killed after {operation.Name}"));
            }
            await SoundCollection.MatchAsync(collection, [before], "undisturbed");
        }
        Assert.Empty(fs.OpenHandles);
        await Parallel.ForEachAsync(states, async (state, _) => await SoundCollection.RecoversAsync(state.Copy, state.Possible, state.Context));
        TestContext.Current.SendDiagnosticMessage($"{name}, killed: {states.Count} states.");
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_call_that_fails_is_reported_and_loses_nothing_acknowledged(string name) => SweepAsync(name, Disturb.Fail);

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_full_disk_is_reported_and_loses_nothing_acknowledged(string name) => SweepAsync(name, Disturb.Fill);

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_power_cut_that_loses_all_not_flushed_loses_nothing_acknowledged(string name) => SweepAsync(name, Disturb.Cut(CrashMode.LoseUnsynced));

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_power_cut_that_loses_nothing_leaves_nothing_half_done(string name) => SweepAsync(name, Disturb.Cut(CrashMode.KeepAll));

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_power_cut_that_keeps_names_without_data_loses_nothing_acknowledged(string name) => SweepAsync(name, Disturb.Cut(CrashMode.KeepNamesLoseData));

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task A_power_cut_that_keeps_random_sectors_loses_nothing_acknowledged(string name) => SweepAsync(name, Disturb.Cut(CrashMode.RandomSectors));

    [Fact]
    public async Task After_a_failed_flush_the_writer_refuses_and_reads_go_on_until_it_is_opened_again()
    {
        var (directory, before) = await PrepareAsync("seal");
        var fs = new FaultyFileSystem();
        using (var collection = Open(directory, fs))
        {
            fs.BeforeCall = () =>
            {
                if (fs.History.Count > 0 && fs.History[^1].StartsWith("WriteAt", StringComparison.Ordinal) && fs.History[^1].Contains(" 0+", StringComparison.Ordinal))
                    fs.FailCall(fs.Calls + 1); // the call after the header is the flush
            };
            var failed = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.UpsertAsync(Operation.Records(0, 1024, 1), new() { BatchSize = 4096 }));
            Assert.Contains("Sync", failed.Message, StringComparison.Ordinal);
            fs.BeforeCall = null;
            fs.Heal();
            var refused = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.UpsertAsync(Operation.Versioned("k", 1)));
            Assert.Contains("open the collection again", refused.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<MatryoshkaException>(() => collection.DeleteAsync(["k0"]));
            await Assert.ThrowsAsync<MatryoshkaException>(() => collection.CompactAsync());
            await SoundCollection.MatchAsync(collection, [before], "poisoned");
        }
        Assert.Empty(fs.OpenHandles);
        await SoundCollection.RecoversAsync(directory, [before], "opened again");
    }

    // Without background work, so that the calls come in one order; the scripts ask for it.
    private static Collection Open(string directory, FaultyFileSystem fs) =>
        Collection.Open(directory, SeededVectors.Open with { BackgroundMaintenance = false }, fs, SmallLists.Parameters);

    private async Task SweepAsync(string name, Disturb disturb)
    {
        var (directory, before) = await PrepareAsync(name);
        var operations = CrashScripts.All[name].Disturbed;
        var history = await HistoryAsync(folder.CopyOf(directory), operations);
        var calls = Enumerable.Range(1, history.Count).Where(call => EveryCall || disturb.Matters(history[call - 1]))
            .DistinctBy(call => !EveryCall && IsRead(history[call - 1]) ? VerbAndFile(history[call - 1]) : $"{call}")
            .ToList();
        Assert.NotEmpty(calls);
        if (disturb.Mode is not null)
            calls.Add(history.Count + 1);
        await Parallel.ForEachAsync(calls, async (call, _) =>
        {
            using var place = new FastFolder();
            await DisturbedAsync(place, place.CopyOf(directory), operations, before, call, disturb);
        });
        TestContext.Current.SendDiagnosticMessage($"{name}, {disturb}: {calls.Count} of {history.Count} calls.");
    }

    private static async Task<List<string>> HistoryAsync(string directory, IReadOnlyList<Operation> operations)
    {
        var fs = new FaultyFileSystem();
        using var collection = Open(directory, fs);
        foreach (var operation in operations)
            await operation.RunAsync(collection);
        return fs.History;
    }

    /// <summary>Runs the operations with one call disturbed, the one after the last included.</summary>
    private static async Task DisturbedAsync(FastFolder place, string directory, IReadOnlyList<Operation> operations, Model before, int call, Disturb disturb)
    {
        var fs = new FaultyFileSystem(call);
        IReadOnlyList<Model> possible = [before];
        string context;
        using (var collection = Open(directory, fs))
        {
            disturb.Before(fs, call);
            MatryoshkaException? error = null;
            foreach (var operation in operations)
            {
                var states = operation.States(possible[^1]);
                try
                {
                    await operation.RunAsync(collection);
                    possible = [states[^1]];
                }
                catch (MatryoshkaException e)
                {
                    (error, possible) = (e, states);
                    break;
                }
            }
            context = $"call {call}, {fs.History.ElementAtOrDefault(call - 1) ?? "the next"}, {disturb}, {error?.Message ?? "no error"}";
            if (disturb.Mode is { } mode)
                fs.Crash(mode);
            else
            {
                fs.Heal();
                await GoesOnAsync(collection, possible, error, disturb.Fault, context);
            }
            directory = place.CopyOf(directory);
        }
        Assert.True(fs.OpenHandles.Count == 0, $"{context}: open are {string.Join(", ", fs.OpenHandles)}");
        await SoundCollection.RecoversAsync(directory, possible, context);
    }

    private static bool IsRead(string call) => VerbAndFile(call).Split(' ')[0] is "OpenRead" or "ReadAt" or "Map" or "List" or "Length" or "ReadLockOwner";

    private static string VerbAndFile(string call) => string.Join(' ', call.Split(' ')[..2]);

    // Without a crash: reads see a whole state, and the next write works or says why not.
    private static async Task GoesOnAsync(Collection collection, IReadOnlyList<Model> possible, MatryoshkaException? error, Fault fault, string context)
    {
        await SoundCollection.HoldsAsync(collection, possible, context);
        if (fault == Fault.DiskFull && error is not null)
            Assert.Contains("full", error.Message, StringComparison.Ordinal);
        try
        {
            await collection.DeleteAsync(["no such key"]);
        }
        catch (MatryoshkaException refused)
        {
            Assert.True(error is not null && fault == Fault.Error, $"{context}: the next write says {refused.Message}");
            Assert.Contains("open the collection again", refused.Message, StringComparison.Ordinal);
        }
    }

    private async Task<(string Directory, Model Model)> PrepareAsync(string name)
    {
        var model = new Model();
        var directory = folder.At("prepared");
        using var collection = Collection.Create(directory, SeededVectors.Create, OsFileSystem.Instance, new(BackgroundMaintenance: false));
        foreach (var operation in CrashScripts.All[name].Before)
        {
            await operation.RunAsync(collection);
            model = operation.States(model)[^1];
        }
        return (directory, model);
    }

    private sealed record Disturb(Fault Fault, CrashMode? Mode)
    {
        public static readonly Disturb Fail = new(Fault.Error, null);

        public static readonly Disturb Fill = new(Fault.DiskFull, null);

        public static Disturb Cut(CrashMode mode) => new(Fault.Error, mode);

        public bool Matters(string call) => !IsRead(call) || (Mode is null && Fault == Fault.Error);

        public void Before(FaultyFileSystem fs, int call)
        {
            if (Mode is null)
                fs.FailCall(call, Fault);
            else
                fs.CutPowerAfter(call - 1);
        }

        public override string ToString() => Mode is { } mode ? $"power cut, {mode}" : $"{Fault}";
    }
}
