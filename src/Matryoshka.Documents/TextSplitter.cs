using Matryoshka.Documents.Splitting;

namespace Matryoshka.Documents;

/// <summary>
/// Splits documents into pieces of at most so many tokens, at the highest boundary that helps: before headings, between blocks, between
/// sentences (lines in code, lists and tables), between words, and inside a word only when the word alone is too long. Only whitespace
/// between pieces is left out. Time is linear in the text: each sentence is counted once, and sums are kept.
/// </summary>
public sealed class TextSplitter
{
    private readonly SplitOptions _options;
    private readonly TokenCounter _count;

    /// <summary>A splitter for many documents, one after the other.</summary>
    /// <exception cref="MatryoshkaException">A number of the options is out of its range.</exception>
    public TextSplitter(SplitOptions options, TokenCounter count)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(count);
        options.Validate();
        (_options, _count) = (options, count);
    }

    /// <summary>
    /// The pieces of a document in order; none when the text is blank. A document that fits is one piece. Sections too small to stand
    /// alone (less than a quarter of a piece) are joined with what follows them.
    /// </summary>
    public IEnumerable<TextPiece> Split(Document document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var root = HeadingPath.Root(document, _options, _count);
        var lines = new LineCounter(document);
        if (Whole(document, root, lines) is { } whole) return [whole];
        return new PieceBuilder(document, root, lines, _options, _count).Build();
    }

    /// <summary>The document as one piece, for the price of one count; null when it does not fit.</summary>
    private TextPiece? Whole(Document document, HeadingPath root, LineCounter lines)
    {
        var blocks = document.Blocks;
        if (blocks.Count == 0) return null;
        var start = blocks[0].Start;
        var body = document.Text.AsSpan(start, blocks[^1].Start + blocks[^1].Length - start);
        if (body.Length > _options.CharacterLimit || root.ContextTokens + _count(body) > _options.MaxTokens) return null;
        var section = root;
        for (var i = 0; i < blocks.Count && blocks[i].Kind == BlockKind.Heading; i++) section = section.Enter(blocks[i]);
        return lines.Piece(root, section, 0, start, body.Length, blocks[0].Page);
    }
}
