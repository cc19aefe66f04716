using Matryoshka.Cli;
using Matryoshka.Cli.Commands;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class MemoryOptionTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("500MB", 500_000_000)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("64 kib", 65_536)]
    [InlineData("123456", 123_456)]
    [InlineData(" 1b ", 1)]
    public void Sizes_are_read(string text, long bytes) => Assert.Equal(bytes, MemoryOption.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("much")]
    [InlineData("-5MB")]
    [InlineData("0")]
    [InlineData("0.1B")]
    [InlineData("5XB")]
    [InlineData("1.2.3GB")]
    [InlineData("99999999999TB")]
    public void What_is_no_size_is_wrong_usage(string text) =>
        Assert.Contains("500MB", Assert.Throws<UsageException>(() => MemoryOption.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_budget_is_kept_shown_and_refused_where_it_cannot_work()
    {
        var path = folder.At("c.mrl");
        using (var collection = Collection.Create(path, TestVectors.Options()))
        {
            await collection.UpsertAsync(Enumerable.Range(0, 1200).Select(i => TestVectors.Record($"k{i}", i)), new() { BatchSize = 4096 });
        }
        var json = (await CliRun.Of("info", "-c", path, "--memory", "60KB", "--json")).Expect(0).Json;
        Assert.Equal(60_000, json.GetProperty("memoryBudget").GetInt64());
        Assert.InRange(json.GetProperty("residentBytes").GetInt64(), 1, 60_000);
        Assert.Contains(json.GetProperty("planes").EnumerateArray(), p => p.GetProperty("residentBytes").GetInt64() == 0);
        Assert.Contains("on demand", (await CliRun.OnTerminal("info", "-c", path, "--memory", "60KB")).Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("bytes", (await CliRun.Of("info", "-c", path, "--memory", "1KB")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("'x'", (await CliRun.Of("similar", "k1", "-c", path, "--memory", "x")).Expect(2).Error, StringComparison.Ordinal);
        var whole = (await CliRun.Of("similar", "k1", "-c", path)).Expect(0);
        Assert.Equal(whole.Out, (await CliRun.Of("similar", "k1", "-c", path, "--memory", "60KB")).Expect(0).Out);
    }
}
