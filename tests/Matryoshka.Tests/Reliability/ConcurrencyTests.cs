using System.Diagnostics;
using System.Text.Json.Nodes;
using Matryoshka.Storage;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>One writer keeps pairs equal in every commit; no reader, whatever it calls, may ever see the two halves of different commits.</summary>
public sealed class ConcurrencyTests : IDisposable
{
    private const int Pairs = 60;
    private const int Commits = 120;
    private const int EnoughCommits = 30;
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(3);

    private readonly FastFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Every_reader_sees_one_commit_while_a_writer_upserts_deletes_seals_and_compacts()
    {
        using var collection = Collection.Create(folder.At("c"), SeededVectors.Create, OsFileSystem.Instance, new(SmallLists.Parameters));
        using var elsewhere = Collection.Open(folder.At("c"), SeededVectors.Open, OsFileSystem.Instance, SmallLists.Parameters); // as another process would: nothing shared but the files
        await WriteAsync(collection, 0, new Random(0));
        using var done = new CancellationTokenSource();
        Func<Collection, Random, Task>[] readers = [ListAsync, SearchAsync, FilteredAsync, GetAsync, InfoAsync, VerifyAsync];
        var reading = readers.SelectMany((reader, i) => new[] { collection, elsewhere }.Select((from, j) => Task.Run(async () =>
        {
            var random = new Random(i * 2 + j);
            var reads = 0;
            do
            {
                await reader(from, random);
                await Task.Yield(); // few pool threads, many readers: each gets its turn
            }
            while (++reads > 0 && !done.IsCancellationRequested);
            return reads;
        }))).ToList();
        try
        {
            var random = new Random(1);
            var started = Stopwatch.GetTimestamp();
            for (var version = 1; version <= Commits && (version <= EnoughCommits || Stopwatch.GetElapsedTime(started) < LongEnough) && reading.TrueForAll(r => !r.IsFaulted); version++)
                await WriteAsync(version % 3 == 0 ? elsewhere : collection, version, random);
        }
        finally
        {
            await done.CancelAsync();
        }
        var counts = await Task.WhenAll(reading);
        Assert.All(counts, reads => Assert.True(reads > 0));
        TestContext.Current.SendDiagnosticMessage($"reads: {string.Join(", ", counts)}.");
        await collection.MaintainAsync();
        Assert.Null(collection.MaintenanceError);
        Assert.Empty(await collection.VerifyAsync());
    }

    private static async Task WriteAsync(Collection collection, int version, Random random)
    {
        var chosen = Enumerable.Range(0, Pairs).Where(_ => version == 0 || random.Next(2) == 0).ToList();
        switch (version % 10)
        {
            case 4:
                await collection.DeleteAsync(chosen.SelectMany(i => new[] { $"a{i}", $"b{i}" }));
                break;
            case 7:
                await collection.CompactAsync();
                break;
            case 9: // large enough to seal; the filling has no partner and no version
                await collection.UpsertAsync([.. chosen.SelectMany(i => Pair(i, version)), .. Operation.Records(0, 1024, version).Select(r => r with { Metadata = null })], new() { BatchSize = 4096 });
                break;
            case 2: // attributes only
                await collection.UpsertAsync(await AllAsync(collection, version));
                break;
            default:
                await collection.UpsertAsync(chosen.SelectMany(i => Pair(i, version)));
                break;
        }
    }

    private static Record[] Pair(int i, int version) =>
        [.. new[] { "a", "b" }.Select(half => new Record
        {
            Key = $"{half}{i}",
            Text = $"{half} of {version}",
            Vector = SeededVectors.Of($"{half}{i}/{version}"),
            Metadata = new JsonObject { ["version"] = version, ["pair"] = i, ["vector"] = version },
        })];

    private static async Task<List<Record>> AllAsync(Collection collection, int version)
    {
        var records = new List<Record>();
        await foreach (var record in collection.ListAsync(Filter.Parse("exists pair")))
        {
            record.Metadata!["version"] = version;
            records.Add(record with { Vector = null });
        }
        return records;
    }

    private static async Task ListAsync(Collection collection, Random random)
    {
        var seen = new Dictionary<int, List<int>>();
        var vectors = random.Next(2) == 0;
        await foreach (var record in collection.ListAsync(includeVectors: vectors))
            if (record.Metadata is { } metadata)
            {
                if (vectors)
                    HasItsVector(record.Key, metadata, record.Vector!.Value.Span);
                See(seen, metadata);
            }
        AreWhole(seen, "listing");
    }

    private static async Task SearchAsync(Collection collection, Random random)
    {
        var found = await collection.SearchAsync(SeededVectors.Of(random.NextInt64()), new() { K = 10_000, Dimensions = 32, IncludeVectors = true });
        Assert.Equal(found.Rows, found.Hits.Count);
        AreWhole(found, "search");
    }

    private static async Task FilteredAsync(Collection collection, Random random)
    {
        var found = await collection.SearchAsync(SeededVectors.Of(random.NextInt64()), new() { K = 10_000, Dimensions = 8, Filter = Filter.Parse("exists pair"), IncludeVectors = true });
        Assert.All(found.Hits, hit => Assert.NotNull(hit.Metadata));
        AreWhole(found, "filtered search");
    }

    private static async Task GetAsync(Collection collection, Random random)
    {
        var key = $"a{random.Next(Pairs)}";
        if (await collection.GetAsync(key, includeVector: true) is { } record)
            HasItsVector(key, record.Metadata!, record.Vector!.Value.Span);
    }

    private static Task InfoAsync(Collection collection, Random random)
    {
        var info = collection.GetInfo();
        Assert.Equal(info.Records, info.Pending + info.Segments.Sum(s => s.Rows - s.DeadRows));
        return Task.Delay(1);
    }

    private static async Task VerifyAsync(Collection collection, Random random)
    {
        var problems = await collection.VerifyAsync();
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        await Task.Delay(20);
    }

    private static void AreWhole(SearchResults found, string what)
    {
        var seen = new Dictionary<int, List<int>>();
        foreach (var hit in found.Hits)
            if (hit.Metadata is { } metadata)
            {
                HasItsVector(hit.Key, metadata, hit.Vector!.Value.Span);
                See(seen, metadata);
            }
        AreWhole(seen, what);
    }

    private static void See(Dictionary<int, List<int>> seen, JsonObject metadata)
    {
        if (!seen.TryGetValue((int)metadata["pair"]!, out var versions))
            seen[(int)metadata["pair"]!] = versions = [];
        versions.Add((int)metadata["version"]!);
    }

    private static void AreWhole(Dictionary<int, List<int>> seen, string what)
    {
        foreach (var (pair, versions) in seen)
            Assert.True(versions is [var a, var b] && a == b, $"{what}: pair {pair} has versions {string.Join(", ", versions)}");
    }

    private static void HasItsVector(string key, JsonObject metadata, ReadOnlySpan<float> vector) =>
        Assert.Equal(1, Model.Cosine(vector, SeededVectors.Of($"{key}/{(int)metadata["vector"]!}"), vector.Length), 1e-4);
}
