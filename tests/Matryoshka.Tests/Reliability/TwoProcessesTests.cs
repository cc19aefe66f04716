using System.Diagnostics;
using Xunit;

namespace Matryoshka.Tests.Reliability;

public sealed class TwoProcessesTests : IDisposable
{
    private readonly FastFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_second_writer_waits_is_told_who_writes_and_succeeds_once_the_first_is_killed()
    {
        var directory = folder.At("c");
        Collection.Create(directory, SeededVectors.Create).Dispose();
        using var child = new ChildProcess("hold", directory);
        await child.ExpectAsync("held");
        using var collection = Collection.Open(directory, SeededVectors.Open with { WriterWait = TimeSpan.FromMilliseconds(300) });
        var started = Stopwatch.GetTimestamp();
        var busy = await Assert.ThrowsAsync<CollectionBusyException>(() => collection.UpsertAsync(Operation.Versioned("a", 1)));
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.29, 10);
        Assert.Contains($"process {child.Id}", busy.Message, StringComparison.Ordinal);
        Assert.Equal(0, await collection.CountAsync()); // reading waits for nobody
        child.Kill();
        await child.EndAsync();
        await collection.UpsertAsync(Operation.Versioned("a", 1));
        Assert.Equal(1, await collection.CountAsync());
    }

    [Fact]
    public async Task A_second_writer_gets_its_turn_when_the_first_is_done()
    {
        var directory = folder.At("c");
        Collection.Create(directory, SeededVectors.Create).Dispose();
        using var child = new ChildProcess("hold", directory);
        await child.ExpectAsync("held");
        using var collection = Collection.Open(directory, SeededVectors.Open with { WriterWait = TimeSpan.FromSeconds(60) });
        var writing = collection.UpsertAsync(Operation.Versioned("a", 1));
        await Task.Delay(100);
        Assert.False(writing.IsCompleted);
        child.Say("go on");
        await writing;
        Assert.Equal(1, await collection.CountAsync());
    }

    [Fact]
    public async Task What_is_written_stays_seen_by_others_after_one_looked_at_the_sizes_and_another_opened_and_closed()
    {
        // On Unix a process loses all its locks on a file when it closes any handle to it. If reading the catalogue's size
        // opened it, the other process would believe itself the last and remove the log this one goes on writing to
        // (SQLite before 3.51; later ones notice).
        var directory = folder.At("c");
        using var collection = Collection.Create(directory, SeededVectors.Create);
        await collection.UpsertAsync(Operation.Records(0, 5));
        Assert.True(collection.GetInfo().CatalogBytes > 0);
        Assert.Equal(5, await CountElsewhereAsync(directory));
        await collection.UpsertAsync(Operation.Records(5, 5));
        Assert.Equal(10, await CountElsewhereAsync(directory));
        Assert.Equal(10, await collection.CountAsync());
    }

    private static async Task<int> CountElsewhereAsync(string directory)
    {
        using var child = new ChildProcess("count", directory);
        return int.Parse(Assert.Single(await child.EndAsync()));
    }
}
