using System.Text;
using Matryoshka.Documents;
using Matryoshka.Documents.Reading;
using Xunit;

namespace Matryoshka.Tests.Documents;

public class TextSplitterTests
{
    private static readonly SplitOptions Small = new() { MaxTokens = 12, OverlapTokens = 0 };

    [Fact]
    public void A_document_that_fits_is_one_piece()
    {
        var piece = Assert.Single(Split("# Guide\n\n## Install\nRun it.\n\n## Use\nUse it.\n", new SplitOptions()));
        Assert.Equal("# Guide\n\n## Install\nRun it.\n\n## Use\nUse it.", piece.Text);
        Assert.Equal((0, "Guide > Install", 1L, 7L), (piece.Start, piece.Heading, piece.Line, piece.LastLine));
    }

    [Fact]
    public void Sections_start_pieces_and_each_piece_says_where_it_stands()
    {
        var pieces = Split("""
            # Guide
            Welcome to all of it, dear reader.

            ## Install
            Get the package first. Then unpack it somewhere safe. Then run the installer.

            ## Use
            Call it by its name.
            """, Small);
        Assert.Equal(
            [
                "# Guide\nWelcome to all of it, dear reader.",
                "Guide\n## Install\nGet the package first. Then unpack it somewhere safe.",
                "Guide > Install\nThen run the installer.",
                "Guide\n## Use\nCall it by its name.",
            ],
            pieces.Select(piece => piece.Text));
        Assert.Equal(["Guide", "Guide > Install", "Guide > Install", "Guide > Use"], pieces.Select(piece => piece.Heading));
        Assert.Equal([1L, 4L, 5L, 7L], pieces.Select(piece => piece.Line!.Value));
        Assert.Equal([2L, 5L, 5L, 8L], pieces.Select(piece => piece.LastLine!.Value));
        Assert.Equal(Enumerable.Range(0, 4), pieces.Select(piece => piece.Ordinal));
    }

    [Fact]
    public void Without_headings_the_text_is_the_body()
    {
        var document = MarkdownReader.Read("# A\none two three four five six seven\n\neight nine ten eleven twelve");
        foreach (var piece in new TextSplitter(Small with { IncludeHeadings = false }, TokenCounters.Words).Split(document))
            Assert.Equal(document.Text.Substring(piece.Start, piece.Length), piece.Text);
    }

    [Fact]
    public void Small_sections_are_joined_and_headings_stay_with_their_text()
    {
        var pieces = Split("# A\nx\n# B\ny\n# C\none two three four five six seven eight nine ten\n", Small with { MaxTokens = 16 });
        Assert.Equal(["# A\nx\n# B\ny", "# C\none two three four five six seven eight nine ten"], pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Whole_sentences_overlap_and_whole_words_when_none_fits()
    {
        var options = Small with { OverlapTokens = 4, IncludeHeadings = false };
        var pieces = Split("One two three four five. Six seven eight nine. Ten eleven. Twelve thirteen fourteen fifteen sixteen.", options);
        Assert.Equal(
            ["One two three four five. Six seven eight nine. Ten eleven.", "Ten eleven. Twelve thirteen fourteen fifteen sixteen."],
            pieces.Select(piece => piece.Text));
        pieces = Split("One two three four five six seven eight. Nine ten eleven twelve thirteen fourteen.", options);
        Assert.Equal(
            ["One two three four five six seven eight.", "five six seven eight. Nine ten eleven twelve thirteen fourteen."],
            pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void A_block_that_fits_is_not_cut_when_the_piece_before_it_is_half_full()
    {
        var pieces = Split("one two three four five six seven\n\n```\na b c\nd e f\n```\n", Small);
        Assert.Equal(["one two three four five six seven", "```\na b c\nd e f\n```"], pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Code_is_cut_between_lines_and_keeps_its_indentation()
    {
        var pieces = Split("```\nif (a b c)\n    do x y z\n    do u v w\nend of it\n```\n", Small);
        Assert.Equal(["```\nif (a b c)\n    do x y z", "    do u v w\nend of it\n```"], pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Lists_are_cut_between_items_and_sentences_but_not_where_a_line_wraps()
    {
        var pieces = Split("- one two three\n  four five.\n- six seven\n  eight nine ten eleven. twelve\n  1. thirteen fourteen\n", Small);
        Assert.Equal(["- one two three\n  four five.", "- six seven\n  eight nine ten eleven. twelve\n  1. thirteen fourteen"], pieces.Select(piece => piece.Text));
    }

    [Theory]
    [InlineData("Dr. J. Smith met Mr. X. They spoke.", "Dr. J. Smith met Mr. X.|They spoke.")]
    [InlineData("See e.g. Rust, v. 1.5 etc. and Fig. 3. Done!", "See e.g. Rust, v. 1.5 etc. and Fig. 3.|Done!")]
    [InlineData("He said \"Stop!\" Then (at once.) he left...  Gone?! Yes", "He said \"Stop!\"|Then (at once.) he left...|Gone?!|Yes")]
    [InlineData("今日は晴れ。明日は雨！終わり", "今日は晴れ。|明日は雨！|終わり")]
    public void Sentences_end_where_a_reader_would_end_them(string text, string expected)
    {
        var sentences = new List<string>();
        while (text.Length > 0)
        {
            var end = Matryoshka.Documents.Splitting.Sentences.End(text, prose: true, lines: false);
            sentences.Add(text[..end]);
            text = text[end..].TrimStart();
        }
        // The initial at the end of a sentence cannot be told from one inside a name; joining is the harmless mistake.
        Assert.Equal(expected.Replace("Mr. X.|They", "Mr. X. They", StringComparison.Ordinal), string.Join('|', sentences));
    }

    [Fact]
    public void Words_over_the_limit_are_cut_by_characters_but_pairs_stay_whole()
    {
        var text = string.Concat(Enumerable.Repeat("😀e\u0301", 100));
        var document = new Document(null, null, text, null, [new(BlockKind.Paragraph, 0, text.Length)]);
        var pieces = new TextSplitter(new SplitOptions { MaxTokens = 8, OverlapTokens = 0 }, part => part.Length).Split(document).ToList();
        Assert.Equal(text, string.Concat(pieces.Select(piece => piece.Text)));
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 8));
        Assert.All(pieces, piece => Assert.False(char.IsLowSurrogate(piece.Text[0]) || piece.Text[0] == '\u0301'));
    }

    [Fact]
    public void A_tokenizer_that_sees_nothing_cannot_make_pieces_without_end()
    {
        var text = new string('x', 100_000) + new string(' ', 100_000) + new string('.', 100_000);
        var document = new Document(null, null, text, null, [new(BlockKind.Paragraph, 0, text.Length)]);
        var pieces = new TextSplitter(new SplitOptions { MaxCharacters = 1000 }, _ => 0).Split(document).ToList();
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 1000));
        Assert.Equal(200_000, pieces.Sum(piece => piece.Length));
    }

    [Fact]
    public void A_long_heading_path_keeps_its_nearest_part()
    {
        var markdown = new StringBuilder();
        for (var level = 1; level <= 6; level++) markdown.Append(new string('#', level)).Append(" level ").Append(level).Append(" here\n\n");
        for (var i = 0; i < 20; i++) markdown.Append("word word word word word. ");
        var pieces = Split(markdown.ToString(), Small with { MaxTokens = 32 });
        Assert.StartsWith("level 5 here > level 6 here\nword", pieces[^1].Text, StringComparison.Ordinal);
        Assert.All(pieces, piece => Assert.InRange(TokenCounters.Words(piece.Text), 1, 32));
    }

    [Fact]
    public void Each_character_is_counted_a_bounded_number_of_times()
    {
        var counted = 0L;
        TokenCounter counter = text =>
        {
            counted += text.Length;
            return TokenCounters.Words(text);
        };
        var text = string.Concat(Enumerable.Repeat("Some words make a sentence here. ", 20_000)) + new string('z', 200_000);
        var document = new Document(null, null, text, null, [new(BlockKind.Paragraph, 0, text.Length)]);
        Assert.NotEmpty(new TextSplitter(new SplitOptions(), counter).Split(document).ToList());
        Assert.InRange(counted, text.Length / 2, 2L * text.Length);
    }

    [Theory]
    [InlineData(7, 0, 0)]
    [InlineData(100, 51, 0)]
    [InlineData(100, -1, 0)]
    [InlineData(100, 0, 15)]
    public void Options_out_of_range_are_refused(int tokens, int overlap, int characters)
    {
        var options = new SplitOptions { MaxTokens = tokens, OverlapTokens = overlap, MaxCharacters = characters };
        Assert.Throws<MatryoshkaException>(() => new TextSplitter(options, TokenCounters.Words));
    }

    private static List<TextPiece> Split(string markdown, SplitOptions options) =>
        [.. new TextSplitter(options, TokenCounters.Words).Split(MarkdownReader.Read(markdown))];
}
