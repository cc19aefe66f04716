using System.Text;
using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class TextFormatsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-8", false)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-32", true)]
    public async Task Text_is_decoded_by_its_mark(string encoding, bool mark)
    {
        var bytes = Encoding.GetEncoding(encoding);
        var source = _scratch.Source("a.txt", [.. mark ? bytes.GetPreamble() : [], .. bytes.GetBytes("Grüße, 世界")]);
        Assert.Equal("Grüße, 世界", Assert.Single(await _scratch.Read(source)).Text);
        Assert.Empty(_scratch.Failures);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_read_as_Windows_1252_with_a_warning()
    {
        var source = _scratch.Source("a.txt", [(byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)' ', 0x80]);
        Assert.Equal("café €", Assert.Single(await _scratch.Read(source)).Text);
        Assert.True(Assert.Single(_scratch.Failures).IsWarning);
    }

    [Fact]
    public async Task Text_is_cut_into_paragraphs_whatever_the_line_ends()
    {
        var document = await _scratch.ReadOne("a.txt", "one\r\ntwo\r\n\r\n \r\n  three\rfour\n");
        Assert.Equal("one\ntwo\n\n \n  three\nfour\n", document.Text);
        Assert.Equal(["one\ntwo", "  three\nfour"], Enumerable.Range(0, 2).Select(index => Scratch.BlockText(document, index)));
        Assert.Equal(1, document.Line);
    }

    [Fact]
    public async Task Markdown_blocks_are_found_and_the_text_stays_as_written()
    {
        const string Text = """
            # Install `mrl` [now](http://x.y)

            First paragraph
            on two lines.

            Linux
            -----
            ```sh
            # not a heading

            apt install
            ```
            - one
              more of one

              still one
            - two

            | a | b |
            |---|---|
            | 1 | 2 |
            ### Deep_name ###
            Last. A * b * c.
            """;
        var document = await _scratch.ReadOne("a.md", Text);
        Assert.Equal(Text.ReplaceLineEndings("\n"), document.Text);
        Assert.Equal("Install mrl now", document.Title);
        Assert.Equal(
            [BlockKind.Heading, BlockKind.Paragraph, BlockKind.Heading, BlockKind.Code, BlockKind.List, BlockKind.Table, BlockKind.Heading, BlockKind.Paragraph],
            document.Blocks.Select(block => block.Kind));
        Assert.Equal(["Install mrl now", "Linux", "Deep_name"], document.Blocks.Select(block => block.Heading).OfType<string>());
        Assert.Equal([1, 2, 3], document.Blocks.Where(block => block.Kind == BlockKind.Heading).Select(block => block.Level));
        Assert.StartsWith("```sh", Scratch.BlockText(document, 3), StringComparison.Ordinal);
        Assert.EndsWith("```", Scratch.BlockText(document, 3), StringComparison.Ordinal);
        Assert.EndsWith("- two", Scratch.BlockText(document, 4), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Front_matter_becomes_metadata_and_lines_still_count_from_the_file()
    {
        var document = await _scratch.ReadOne("a.md", """
            ---
            title: "The \"Guide\""
            date: 2024-05-01
            draft: false
            weight: 7
            version: 1.50 # as written
            tags: [a, 'b c', 3]
            authors:
              - Ann
              - Ben
            nested:
              deep: 1
            ---
            Body.
            """);
        Assert.Equal("Body.", document.Text);
        Assert.Equal("The \"Guide\"", document.Title);
        Assert.Equal(14, document.Line);
        Assert.Equal(
            """{"title":"The \"Guide\"","date":"2024-05-01","draft":false,"weight":7,"version":"1.50","tags":["a","b c",3],"authors":["Ann","Ben"]}""",
            document.Metadata!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public async Task A_rule_at_the_top_is_no_front_matter()
    {
        var document = await _scratch.ReadOne("a.md", "---\nJust text.\n");
        Assert.Equal("---\nJust text.\n", document.Text);
        Assert.Null(document.Metadata);
    }

    [Fact]
    public async Task Html_gives_the_visible_text_in_blocks()
    {
        var document = await _scratch.ReadOne("a.html", """
            <!DOCTYPE html><html><head><title> The
              page </title><style>p{}</style><script>alert(1)</script></head>
            <body><nav><a href="/">Home</a></nav><noscript>Enable it</noscript><template><p>No</p></template>
            <h1>Install<a class="headerlink">¶</a></h1>
            <p>Read <a href="x">the   manual</a>,<br>then <b>go</b>.<span hidden>secret</span><span style="display: none">x</span></p>
            <ul><li>one</li><li><p>two</p><ul><li>inner</li></ul></li><li></li></ul>
            <table><tr><th>Name</th><th>Size</th></tr><tr><td>a</td><td><p>1 &lt; 2</p></td></tr></table>
            <pre>
              if x:
                  y
            </pre><div>tail<div>more</div></div></body></html>
            """);
        Assert.Equal("The page", document.Title);
        Assert.Equal(
            "Install\n\nRead the manual,\nthen go.\n\n- one\n- two\n- inner\n\nName | Size\na | 1 < 2\n\n  if x:\n      y\n\ntail\n\nmore",
            document.Text);
        Assert.Equal((BlockKind.Heading, 1, "Install"), (document.Blocks[0].Kind, document.Blocks[0].Level, document.Blocks[0].Heading));
        Assert.Contains(document.Blocks, block => block.Kind == BlockKind.Code);
        Assert.Null(document.Line);
    }

    [Fact]
    public async Task Html_tables_that_hold_the_page_together_keep_their_blocks()
    {
        var document = await _scratch.ReadOne("a.html", "<table><tr><td>menu</td><td><h2>News</h2><p>Text.</p></td></tr></table>");
        Assert.Equal([BlockKind.Paragraph, BlockKind.Heading, BlockKind.Paragraph], document.Blocks.Select(block => block.Kind));
        Assert.Equal("menu\n\nNews\n\nText.", document.Text);
    }

    [Fact]
    public async Task Html_is_decoded_as_it_declares()
    {
        var source = _scratch.Source("a.html", [.. "<meta charset='windows-1251'><p>"u8, 0xCF, 0xF0, 0xE8, .. "</p>"u8]);
        Assert.Equal("При", Assert.Single(await _scratch.Read(source)).Text);
        Assert.Empty(_scratch.Failures);
    }

    [Fact]
    public async Task Code_is_cut_at_blank_lines_and_keeps_its_indentation()
    {
        var document = await _scratch.ReadOne("a.py", "def f():\n    return 1\n\n    # more\n    x = 2\n");
        Assert.Equal([BlockKind.Code, BlockKind.Code], document.Blocks.Select(block => block.Kind));
        Assert.Equal("    # more\n    x = 2", Scratch.BlockText(document, 1));
    }
}
