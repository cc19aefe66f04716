using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class IndexCommandTests : IDisposable
{
    private readonly Collections.TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_folder_is_indexed_searched_changed_and_indexed_again()
    {
        Directory.CreateDirectory(folder.At("docs"));
        File.WriteAllText(folder.At("docs/bread.md"), "# Bread\n\nKnead the dough and let it rise overnight.");
        File.WriteAllText(folder.At("docs/stars.txt"), "A star shines because hydrogen fuses in its core.");
        File.WriteAllText(folder.At("docs/image.bin"), "\0\0");
        var first = (await CliRun.Of("index", folder.At("docs"), "-c", folder.At("c"), "--json")).Expect(0).Json;
        Assert.Equal((2, 2, 1), (first.GetProperty("sourcesRead").GetInt32(), first.GetProperty("embedded").GetInt32(), first.GetProperty("filesPassedOver").GetInt32()));
        var hit = (await CliRun.Of("search", "why do stars shine", "-c", folder.At("c"), "--json")).Expect(0).Json.GetProperty("hits")[0];
        Assert.EndsWith("docs/stars.txt#0", hit.GetProperty("key").GetString(), StringComparison.Ordinal);
        Assert.Equal(512, hit.GetProperty("scoreDimensions").GetInt32());

        File.Delete(folder.At("docs/bread.md"));
        var second = (await CliRun.Of("index", folder.At("docs"), "-c", folder.At("c"), "--json")).Expect(0).Json;
        Assert.Equal((0, 1, 1, 1), (second.GetProperty("embedded").GetInt32(), second.GetProperty("sourcesUnchanged").GetInt32(), second.GetProperty("sourcesVanished").GetInt32(), second.GetProperty("records").GetInt32()));
    }

    [Fact]
    public async Task What_cannot_be_read_is_named_and_nothing_at_all_is_a_failure()
    {
        var missing = (await CliRun.Of("index", folder.At("nowhere"), "-c", folder.At("c"))).Expect(1);
        Assert.Contains("no such file or folder", missing.Error, StringComparison.Ordinal);
        Assert.False(Collection.Exists(folder.At("c")));
        File.WriteAllText(folder.At("broken.pdf"), "%PDF-1.4 not really");
        File.WriteAllText(folder.At("good.txt"), "a good text about bread");
        var mixed = (await CliRun.Of("index", folder.At("broken.pdf"), folder.At("good.txt"), "-c", folder.At("c"))).Expect(0);
        Assert.Contains("broken.pdf", mixed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", mixed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_overlap_is_wrong_usage()
    {
        var run = (await CliRun.Of("index", "x.txt", "--overlap", "many", "-c", folder.At("c"))).Expect(2);
        Assert.Contains("'many'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demonstration_measures_every_size_and_larger_ones_keep_more()
    {
        var demo = (await CliRun.Of("demo", "-c", folder.At("demo"), "--json")).Expect(0).Json;
        Assert.Equal(2067, demo.GetProperty("records").GetInt64());
        var sizes = demo.GetProperty("sizes").EnumerateArray().Where(s => s.TryGetProperty("dimensions", out var d) && d.ValueKind != System.Text.Json.JsonValueKind.Null).ToList();
        Assert.Equal([32, 64, 128, 256, 512], sizes.Select(s => s.GetProperty("dimensions").GetInt32()));
        var hits = sizes.Select(s => s.GetProperty("hitAt10").GetDouble()).ToList();
        Assert.Equal(hits.Order(), hits);
        Assert.Equal(1.0, sizes[^1].GetProperty("recallOfFull").GetDouble());
        Assert.True(hits[^1] > 0.8, $"hit rate {hits[^1]}");
    }
}
