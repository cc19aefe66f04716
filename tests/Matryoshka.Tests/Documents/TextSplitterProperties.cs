using CsCheck;
using Matryoshka.Documents;
using Matryoshka.Documents.Reading;
using Xunit;

namespace Matryoshka.Tests.Documents;

public class TextSplitterProperties
{
    private static readonly Gen<string> Fragment = Gen.OneOf(
        Gen.OneOf("word", "Another", "of", "e.g.", "end.", "stop!", "why?", "今日は。", "x😀y", "- item", "* two", "1. first", "| a | b |", "|---|---|",
            "```", "~~~", "    code", "---", "===", "# Title", "## Part", "### Deep one", "#### ", "snake_case", "\t", "é", "\u0301", "\u200D", "\0"),
        Gen.Char['a', 'z'].Array[1, 40].Select(letters => new string(letters)));

    private static readonly Gen<string> Blank = Gen.Frequency((6, Gen.Const(" ")), (2, Gen.Const("\n")), (2, Gen.Const("\n\n")), (1, Gen.OneOf("", "\n \n", "   ")));

    private static readonly Gen<string> Text = Gen.Select(Fragment, Blank).Select((word, blank) => word + blank).Array[0, 120].Select(string.Concat);

    private static readonly Gen<SplitOptions> Options = Gen.Select(Gen.Int[8, 40], Gen.Int[0, 100], Gen.Int[0, 3], Gen.Bool)
        .Select((tokens, overlap, characters, headings) => new SplitOptions
        {
            MaxTokens = tokens,
            OverlapTokens = tokens / 2 * overlap / 100,
            MaxCharacters = characters == 0 ? 0 : 16 * characters,
            IncludeHeadings = headings,
        });

    // Counts two for long words, so that tokens and words differ, and still adds up over whitespace.
    private static int Count(ReadOnlySpan<char> text)
    {
        var tokens = 0;
        foreach (var range in text.SplitAny(" \n\t"))
        {
            var word = text[range].Trim();
            tokens += (word.Length + 5) / 6;
        }
        return tokens;
    }

    [Fact]
    public void Readers_cover_all_text_with_blocks() => Text.Sample(text =>
    {
        Scratch.AssertBlocksCover(MarkdownReader.Read(text));
        var (record, blocks) = Paragraphs.OfRecord("title", text);
        Scratch.AssertBlocksCover(new Document(null, "title", record, null, blocks));
    }, iter: 1000);

    [Fact]
    public void Pieces_restore_the_text_within_all_limits() => Gen.Select(Text, Options).Sample((text, options) =>
    {
        var document = MarkdownReader.Read(text);
        var pieces = new TextSplitter(options, Count).Split(document).ToList();
        var (start, end) = (-1, 0);
        foreach (var piece in pieces)
        {
            var body = document.Text.Substring(piece.Start, piece.Length);
            Assert.EndsWith(body, piece.Text, StringComparison.Ordinal);
            if (!options.IncludeHeadings) Assert.Equal(body, piece.Text);
            Assert.False(string.IsNullOrWhiteSpace(body));
            Assert.InRange(Count(piece.Text), 0, options.MaxTokens);
            Assert.InRange(piece.Length, 1, options.MaxCharacters == 0 ? 16 * options.MaxTokens : options.MaxCharacters);
            // Each piece starts later and ends later than the one before it, and only blanks lie between them.
            Assert.True(piece.Start > start && piece.Start + piece.Length > end);
            if (piece.Start > end) Assert.True(document.Text.AsSpan(end, piece.Start - end).IsWhiteSpace());
            else Assert.InRange(Count(document.Text.AsSpan(piece.Start, end - piece.Start)), 0, options.OverlapTokens);
            Assert.Equal(document.Line + document.Text.AsSpan(0, piece.Start).Count('\n'), piece.Line);
            (start, end) = (piece.Start, piece.Start + piece.Length);
        }
        Assert.True(document.Text.AsSpan(end).IsWhiteSpace());
        Assert.Equal(Enumerable.Range(0, pieces.Count), pieces.Select(piece => piece.Ordinal));
        Assert.Equal(pieces, new TextSplitter(options, Count).Split(document));
    }, iter: 1500);
}
