namespace Matryoshka.Documents.Splitting;

/// <summary>The headings that a place in a document stands under, and the context line that tells them.</summary>
internal sealed class HeadingPath
{
    private const string Separator = " > ";

    // A page of headings is no heading: what is longer was markup gone wrong.
    private const int MaxHeadingLength = 200;

    private readonly HeadingPath? _parent;
    private readonly int _level;
    private readonly string _text;
    private readonly SplitOptions _options;
    private readonly TokenCounter _count;

    private (string Line, int Tokens)? _context;

    private HeadingPath(HeadingPath? parent, int level, string text, SplitOptions options, TokenCounter count)
    {
        (_parent, _level, _options, _count) = (parent, level, options, count);
        _text = text.Length > MaxHeadingLength ? text[..MaxHeadingLength].TrimEnd() + "…" : text;
    }

    /// <summary>The context line; empty when there is none.</summary>
    public string Context => (_context ??= Shorten()).Line;

    /// <summary>The tokens of the context line; at most a quarter of a piece.</summary>
    public int ContextTokens => (_context ??= Shorten()).Tokens;

    /// <summary>The headings alone, without the title; null outside of any.</summary>
    public string? Headings
    {
        get
        {
            var parts = Parts(withTitle: false);
            return parts.Count == 0 ? null : string.Join(Separator, parts);
        }
    }

    /// <summary>The top of a document: the title, unless the first heading says the same.</summary>
    public static HeadingPath Root(Document document, SplitOptions options, TokenCounter count)
    {
        var title = document.Title?.ReplaceLineEndings(" ").Trim() ?? "";
        foreach (var block in document.Blocks)
        {
            if (block.Heading is not { Length: > 0 } heading) continue;
            if (title.Contains(heading, StringComparison.OrdinalIgnoreCase) || heading.Contains(title, StringComparison.OrdinalIgnoreCase)) title = "";
            break;
        }
        return new HeadingPath(null, 0, title, options, count);
    }

    /// <summary>The path just before a heading of a level: sections of that level and below are over.</summary>
    public HeadingPath Above(int level)
    {
        var path = this;
        while (path._parent is not null && path._level >= level) path = path._parent;
        return path;
    }

    /// <summary>The path below a heading block.</summary>
    public HeadingPath Enter(DocumentBlock heading) =>
        string.IsNullOrWhiteSpace(heading.Heading) ? Above(heading.Level) : new HeadingPath(Above(heading.Level), heading.Level, heading.Heading, _options, _count);

    private List<string> Parts(bool withTitle)
    {
        var parts = new List<string>();
        for (var path = this; path is not null; path = path._parent)
        {
            if (path._text.Length > 0 && (withTitle || path._parent is not null)) parts.Add(path._text);
        }
        parts.Reverse();
        return parts;
    }

    /// <summary>The line within its budget: the outer parts go first, the nearest heading tells most.</summary>
    private (string, int) Shorten()
    {
        if (!_options.IncludeHeadings) return ("", 0);
        var parts = Parts(withTitle: true);
        for (var first = 0; first < parts.Count; first++)
        {
            var line = string.Join(Separator, parts.Skip(first));
            var tokens = _count(line);
            if (tokens <= _options.MaxTokens / 4) return (line, tokens);
        }
        return ("", 0);
    }
}
