using System.Diagnostics;
using System.Text;
using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class HostileDocumentsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a.md")]
    [InlineData("a.html")]
    [InlineData("a.jsonl")]
    [InlineData("a.csv")]
    [InlineData("a.tsv")]
    [InlineData("a.pdf")]
    [InlineData("a.cs")]
    public async Task Random_bytes_are_reported_in_every_format(string name)
    {
        var bytes = new byte[50_000];
        for (var seed = 0; seed < 5; seed++)
        {
            new Random(seed).NextBytes(bytes);
            Assert.Empty(await _scratch.Pieces(_scratch.Source(name, bytes)));
            Assert.NotEmpty(_scratch.Failures);
        }
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a.md")]
    [InlineData("a.html")]
    [InlineData("a.jsonl")]
    [InlineData("a.csv")]
    [InlineData("a.pdf")]
    public async Task Random_text_is_read_or_reported_in_every_format(string name)
    {
        var random = new Random(3);
        for (var round = 0; round < 30; round++)
        {
            var bytes = new byte[3000];
            random.GetItems("<>/abc \n\r\t\"'#-|`*{}[]:,.0&;é!"u8, bytes);
            var documents = await _scratch.Read(_scratch.Source(name, bytes));
            documents.ForEach(Scratch.AssertBlocksCover);
            await _scratch.Pieces(_scratch.Source(name, bytes));
        }
    }

    [Theory]
    [InlineData("<div>")]
    [InlineData("<ul><li>")]
    [InlineData("<table><tr><td>")]
    [InlineData("<b><p>")]
    [InlineData("<h1>")]
    public async Task Deeply_nested_html_is_read(string tag)
    {
        var html = string.Concat(Enumerable.Repeat(tag, 10_000 / tag.Count(character => character == '<'))) + "bottom";
        var document = Assert.Single(await _scratch.Read("a.html", html));
        Assert.Contains("bottom", document.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_that_the_parser_recurses_on_or_hangs_on_is_given_up()
    {
        Assert.Empty(await _scratch.Read("a.html", string.Concat(Enumerable.Repeat("<pre>", 50_000))));
        Assert.Contains("too deeply", Assert.Single(_scratch.Failures).Message, StringComparison.Ordinal);
        var slow = new DocumentReadOptions { ParseTimeout = TimeSpan.FromMilliseconds(200) };
        Assert.Empty(await _scratch.Read("a.html", string.Concat(Enumerable.Repeat("<ul><li>", 100_000)), slow));
        Assert.Contains("took longer", Assert.Single(_scratch.Failures).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deeply_nested_json_costs_one_line()
    {
        var deep = $"{{\"text\":\"x\",\"m\":{new string('[', 100_000)}{new string(']', 100_000)}}}";
        var documents = await _scratch.Read("a.jsonl", $"{{\"text\":\"a\"}}\n{deep}\n{{\"text\":\"b\"}}");
        Assert.Equal(["a", "b"], documents.Select(document => document.Text));
        Assert.Equal(2, Assert.Single(_scratch.Failures).Line);
    }

    [Fact]
    public async Task An_unclosed_quote_at_the_top_of_a_large_csv_is_reported_within_the_record_limit()
    {
        var rows = new StringBuilder("id,text\n0,\"open\n");
        for (var i = 1; i < 100_000; i++) rows.Append(i).Append(",some text\n");
        Assert.Empty(await _scratch.Read("a.csv", rows.ToString(), new DocumentReadOptions { MaxRecordBytes = 200_000 }));
        Assert.Single(_scratch.Failures);
    }

    [Fact]
    public async Task Files_over_the_limit_or_out_of_reach_are_reported()
    {
        var source = _scratch.Source("a.txt", new string('x', 5000));
        Assert.Empty(await _scratch.Read(source, new DocumentReadOptions { MaxFileBytes = 4999 }));
        Assert.Contains("larger than", Assert.Single(_scratch.Failures).Message, StringComparison.Ordinal);
        Assert.Single(await _scratch.Read(source, new DocumentReadOptions { MaxFileBytes = 5000 }));
        File.Delete(source.Path);
        Assert.Empty(await _scratch.Read(source));
        Assert.Equal("The file is gone.", Assert.Single(_scratch.Failures).Message);
        Directory.CreateDirectory(source.Path);
        Assert.Empty(await _scratch.Read(source));
        Assert.Single(_scratch.Failures);
    }

    [Theory]
    [InlineData("word ")]
    [InlineData("Sentence one. ")]
    [InlineData("x")]
    [InlineData(".")]
    [InlineData("?! ")]
    [InlineData("e.g. ")]
    [InlineData("。")]
    [InlineData(" ")]
    [InlineData("\u0301")]
    [InlineData("| ")]
    [InlineData("[](")]
    [InlineData("```")]
    [InlineData("- ")]
    public async Task One_line_of_megabytes_is_split_in_linear_time(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, (1 << 20) / unit.Length));
        foreach (var name in new[] { "a.txt", "a.md" })
        {
            var source = _scratch.Source(name, text);
            var clock = Stopwatch.StartNew();
            await _scratch.Pieces(source);
            // Quadratic behaviour takes minutes here, a busy machine not.
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15);
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\n\n")]
    [InlineData("# h\n")]
    [InlineData("- a\n\n")]
    [InlineData("a\n---\n")]
    [InlineData("| a | b |\n")]
    [InlineData("```\n")]
    [InlineData("    x\n\n")]
    [InlineData("<p><i>a")]
    public async Task Megabytes_of_short_lines_are_split_in_linear_time(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, (1 << 19) / unit.Length));
        var source = _scratch.Source("a.md", text);
        var clock = Stopwatch.StartNew();
        await _scratch.Pieces(source);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15);
    }
}
