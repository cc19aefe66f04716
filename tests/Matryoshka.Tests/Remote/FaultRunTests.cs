using System.Globalization;
using Matryoshka.Remote;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Remote;

/// <summary>Whole runs against a server that fails one request in twenty in every way it can.</summary>
public class FaultRunTests
{
    // MATRYOSHKA_REMOTE_TEXTS=100000 for the long run.
    private static readonly int Texts = int.TryParse(Environment.GetEnvironmentVariable("MATRYOSHKA_REMOTE_TEXTS"), NumberStyles.None, CultureInfo.InvariantCulture, out var texts) ? texts : 5000;

    [Fact]
    public async Task Nothing_is_lost_and_nothing_is_sent_again_after_it_was_answered()
    {
        var ledger = new FaultLedger(Wire.OpenAI);
        using var server = new LoopbackServer(ledger.Answer, remember: false);
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 8));
        var next = 0;
        await foreach (var (text, vector) in generator.StreamAsync(Enumerable.Range(0, Texts).Select(i => $"text {i}").ToAsyncEnumerable()))
        {
            Assert.Equal($"text {next++}", text);
            Wire.AssertUnit("d: " + text, vector);
        }
        Assert.Equal(Texts, next);
        Assert.Equal(Texts, ledger.Answered.Count);
        Assert.Empty(ledger.SentAgain);
        Assert.All(ledger.Faults, count => Assert.True(count > 0));
    }

    [Fact]
    public async Task An_import_that_stops_keeps_its_commits_and_the_next_one_sends_only_the_rest()
    {
        using var folder = new TestFolder();
        var ledger = new FaultLedger(Wire.OpenAI) { RefusesFrom = 30 };
        using var server = new LoopbackServer(ledger.Answer, remember: false);
        using var cache = MatryoshkaCache.Open(folder.At("cache.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 8)), cache);
        using var collection = Collection.Create(folder.At("c"), new() { Generator = generator });
        List<Record> records = [.. Enumerable.Range(0, 600).Select(i => new Record { Key = $"{i}", Text = $"text {i}" })];
        await Assert.ThrowsAsync<RemoteServiceException>(() => collection.UpsertAsync(records, new() { BatchSize = 64 }));
        var committed = await collection.CountAsync();
        Assert.InRange(committed, 64, 599);
        Assert.True(cache.Count >= committed);
        ledger.RefusesFrom = int.MaxValue;
        await collection.UpsertAsync(records, new() { BatchSize = 64 });
        Assert.Equal(600, await collection.CountAsync());
        Assert.Equal(600, ledger.Answered.Count);
        Assert.Empty(ledger.SentAgain);
    }
}
