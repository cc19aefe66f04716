using System.Text;

namespace Matryoshka.Documents.Reading;

/// <summary>Builds the text and the blocks of a document whose source has another layout than its text (HTML, PDF).</summary>
internal sealed class BlockWriter
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _open = new();
    private readonly List<DocumentBlock> _blocks = [];
    private bool _pendingSpace;

    /// <summary>Put before the next text that is written, then gone: a list item's marker, whatever blocks the item consists of.</summary>
    public string? Prefix { get; set; }

    public List<DocumentBlock> Blocks => _blocks;

    public string Text => _text.ToString();

    /// <summary>Adds running text: whitespace collapses to single spaces.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var word = 0;
            while (word < text.Length && char.IsWhiteSpace(text[word])) word++;
            _pendingSpace |= word > 0;
            text = text[word..];
            var end = 0;
            while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
            if (end == 0) return;
            WritePrefix();
            if (_pendingSpace && _open.Length > 0 && _open[^1] is not ('\n' or ' ')) _open.Append(' ');
            _pendingSpace = false;
            _open.Append(text[..end]);
            text = text[end..];
        }
    }

    /// <summary>Adds text as it is.</summary>
    public void WriteVerbatim(ReadOnlySpan<char> text)
    {
        WritePrefix();
        _open.Append(text);
        _pendingSpace = false;
    }

    public void WriteLineBreak()
    {
        if (_open.Length > 0) _open.Append('\n');
        _pendingSpace = false;
    }

    /// <summary>
    /// Ends the open block; nothing is written when it holds no text. A tight block is joined to one of the same kind by a line break
    /// instead of a blank line.
    /// </summary>
    public void End(BlockKind kind, int level = 0, int page = 0, bool tight = false)
    {
        var content = _open.ToString();
        _open.Clear();
        _pendingSpace = false;
        content = kind == BlockKind.Code ? TrimLines(content) : content.Trim();
        // The sign that many generators link beside each heading.
        if (kind == BlockKind.Heading) content = content.TrimEnd('¶', ' ');
        if (content.Length == 0) return;
        if (_text.Length > 0) _text.Append(tight && _blocks[^1].Kind == kind ? "\n" : "\n\n");
        _blocks.Add(new(kind, _text.Length, content.Length)
        {
            Level = level,
            Heading = kind == BlockKind.Heading ? content.Replace('\n', ' ') : null,
            Page = page,
        });
        _text.Append(content);
    }

    private void WritePrefix()
    {
        if (Prefix is null) return;
        _open.Append(Prefix);
        Prefix = null;
    }

    /// <summary>Blank lines off both ends; the first line keeps its indentation.</summary>
    private static string TrimLines(string content)
    {
        content = content.TrimEnd();
        var start = 0;
        for (var i = 0; i < content.Length && char.IsWhiteSpace(content[i]); i++)
        {
            if (content[i] == '\n') start = i + 1;
        }
        return content[start..];
    }
}
