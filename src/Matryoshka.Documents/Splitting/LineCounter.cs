namespace Matryoshka.Documents.Splitting;

/// <summary>Makes pieces of a document, counting its lines along: pieces come in order, so every line feed is looked at about once.</summary>
internal sealed class LineCounter(Document document)
{
    private int _position;
    private long _line = document.Line ?? 0;

    public TextPiece Piece(HeadingPath context, HeadingPath section, int ordinal, int start, int length, int page)
    {
        var body = document.Text.AsSpan(start, length);
        var whole = length == document.Text.Length && context.Context.Length == 0;
        var text = whole ? document.Text : context.Context.Length == 0 ? body.ToString() : string.Concat(context.Context, "\n", body);
        var (first, last) = Lines(start, body);
        return new TextPiece(text, ordinal, start, length)
        {
            Heading = section.Headings,
            Page = page == 0 ? null : page,
            Line = first,
            LastLine = last,
        };
    }

    private (long? First, long? Last) Lines(int start, ReadOnlySpan<char> body)
    {
        if (document.Line is null || !document.LinesFollowSource) return (document.Line, null);
        _line += document.Text.AsSpan(_position, start - _position).Count('\n');
        _position = start;
        return (_line, _line + body.Count('\n'));
    }
}
