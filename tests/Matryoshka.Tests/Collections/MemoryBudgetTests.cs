using System.Text.RegularExpressions;
using Xunit;

namespace Matryoshka.Tests.Collections;

/// <summary>A budget changes where planes are and nothing that is found.</summary>
public sealed partial class MemoryBudgetTests : IAsyncLifetime
{
    private readonly TestFolder folder = new();

    private string At => folder.At("c");

    public async ValueTask InitializeAsync()
    {
        using var collection = Collection.Create(At, TestVectors.Options());
        for (var i = 0; i < 3; i++)
            await collection.UpsertAsync(Enumerable.Range(i * 1500, 1500).Select(n => TestVectors.Record($"k{n}", n, metadata: new() { ["n"] = n })), new() { BatchSize = 4096 });
        await collection.UpsertAsync(TestVectors.Record("waiting", 9999));
        await collection.DeleteAsync(["k7", "k1600"]);
    }

    public ValueTask DisposeAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Every_plan_and_filter_finds_the_same_under_every_budget()
    {
        using var whole = Collection.Open(At);
        var all = whole.GetInfo().ResidentBytes;
        Assert.Equal(all, whole.GetInfo().Planes.Sum(p => p.Bytes));
        var least = Least();
        foreach (var budget in new[] { least, least + 1500 * 12, least + 4500 * 40, least + 4500 * 60, all })
        {
            using var collection = Collection.Open(At, new() { MemoryBudget = budget });
            var info = collection.GetInfo();
            Assert.Equal(budget, info.MemoryBudget);
            Assert.InRange(info.ResidentBytes, least, budget);
            Assert.Equal(info.ResidentBytes, info.Planes.Sum(p => p.ResidentBytes));
            foreach (var plan in new[] { "f16:full", "int8:full", "int8:8", "f16:16", "bit:full x200 > int8:full x50 > f16:full", "int8:16 x100 > f16:32", "bit:16 x100 > int8:8 x50 > int8:32 x20 > f16:16" })
                foreach (var filter in new[] { null, "n < 40", "n >= 100" })
                    for (var q = 1; q <= 3; q++)
                    {
                        var options = new SearchOptions { Plan = SearchPlan.Parse(plan), Filter = filter is null ? null : Filter.Parse(filter) };
                        var expected = await whole.SearchAsync(TestVectors.Vector(-q), options);
                        var found = await collection.SearchAsync(TestVectors.Vector(-q), options);
                        Assert.Equal(expected.Hits.Select(h => h.Key), found.Hits.Select(h => h.Key));
                        Assert.Equal(expected.Hits.Select(h => h.Score), found.Hits.Select(h => h.Score), (a, b) => Math.Abs(a - b) < 1e-6);
                    }
            Assert.Equal((await whole.GetAsync("k1234", includeVector: true))!.Vector!.Value.ToArray(), (await collection.GetAsync("k1234", includeVector: true))!.Vector!.Value.ToArray());
        }
    }

    [Fact]
    public void Int8_comes_before_full_vectors_and_small_prefixes_before_large_ones()
    {
        var least = Least();
        Assert.Equal("", Resident(least));
        Assert.Equal("int8 0..8=1500, scale=1500", Resident(least + 1500 * 12));
        Assert.Equal("int8 0..8=4500, scale=4500, int8 8..16=4500", Resident(least + 4500 * 20));
        Assert.Equal("int8 0..8=4500, scale=4500, int8 8..16=4500, int8 16..32=4500, full 0..8=3000", Resident(least + 4500 * 36 + 3000 * 16));
        Assert.Equal("int8 0..8=4500, scale=4500, int8 8..16=4500, int8 16..32=4500, full 0..8=4500, full 8..16=4500", Resident(least + 4500 * 68));

        string Resident(long budget)
        {
            using var collection = Collection.Open(At, new() { MemoryBudget = budget });
            var planes = collection.GetInfo().Planes.Where(p => p.Kind is "int8" or "scale" or "full").OrderBy(p => p.Kind == "full").ThenBy(p => p.FirstDimension ?? 0);
            return string.Join(", ", planes.Where(p => p.ResidentBytes > 0).Select(p => $"{p.Kind}{(p.FirstDimension is null ? "" : $" {p.FirstDimension}..{p.LastDimension}")}={p.ResidentBytes / (p.Bytes / 4500)}"));
        }
    }

    [Fact]
    public async Task Segments_written_later_share_the_budget_and_maintenance_works_with_cold_planes()
    {
        var options = new OpenOptions { MemoryBudget = Least() * 2, BackgroundMaintenance = false };
        using var collection = Collection.Open(At, options);
        await collection.SearchAsync(TestVectors.Vector(1));
        await collection.UpsertAsync(Enumerable.Range(5000, 1100).Select(n => TestVectors.Record($"k{n}", n)), new() { BatchSize = 4096 });
        Assert.InRange(collection.GetInfo().ResidentBytes, 1, options.MemoryBudget!.Value);
        Assert.Equal("k5050", (await collection.SearchAsync(TestVectors.Vector(5050))).Hits[0].Key);
        await collection.CompactAsync();
        Assert.Single(collection.GetInfo().Segments);
        Assert.Equal("k5050", (await collection.SearchAsync(TestVectors.Vector(5050))).Hits[0].Key);
        Assert.Empty(await collection.VerifyAsync());
    }

    [Fact]
    public void A_budget_below_what_every_search_reads_is_refused_with_the_least_that_works()
    {
        var least = Least();
        var refused = Assert.Throws<MatryoshkaException>(() => Collection.Open(At, new() { MemoryBudget = least - 1 }));
        Assert.Contains($"{least:N0} bytes", refused.Message, StringComparison.Ordinal);
        Collection.Open(At, new() { MemoryBudget = least }).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => Collection.Open(At, new() { MemoryBudget = 0 }));
    }

    private long Least()
    {
        var told = Assert.Throws<MatryoshkaException>(() => Collection.Open(At, new() { MemoryBudget = 1 })).Message;
        return long.Parse(BytesTaken().Match(told).Groups[1].Value.Replace(",", "", StringComparison.Ordinal));
    }

    [GeneratedRegex("take ([0-9,]+) bytes")]
    private static partial Regex BytesTaken();
}
