using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Matryoshka.Documents.Reading;

/// <summary>The visible text of an HTML page, its headings and blocks. Nothing is fetched and no script runs.</summary>
internal static class HtmlReader
{
    // Deeper elements become siblings. The walk below recurses: 512 levels (the parser's own default, and the browsers') fit any stack.
    private const int MaxDepth = 512;

    private static readonly SearchValues<char> CharsetEnds = SearchValues.Create("\"' />;");

    private static readonly FrozenSet<string> Dropped = new[]
    {
        "script", "style", "nav", "template", "noscript", "iframe", "object", "embed", "svg", "canvas", "audio", "video", "head", "button", "select",
        "textarea", "input", "datalist", "dialog",
    }.ToFrozenSet();

    private static readonly FrozenSet<string> BlockElements = new[]
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "header", "hr", "legend", "main", "ol", "p", "section", "summary", "table", "tbody", "td", "tfoot", "th",
        "thead", "ul",
    }.ToFrozenSet();

    public static Document Read(byte[] bytes, FailureSink failures, TimeSpan limit, CancellationToken ct)
    {
        var text = TextDecoder.NormaliseLineEnds(TextDecoder.Decode(bytes, failures, DeclaredEncoding(bytes)));
        var clock = Stopwatch.StartNew();
        var parser = new HtmlParser(new HtmlParserOptions
        {
            MaximumDepth = MaxDepth,
            IsScripting = false,
            SkipComments = true,
            // The parser (AngleSharp 1.10) calls itself for each of <pre><pre><pre>... and needs the square of the depth in time for
            // <ul><li><ul><li>...: this is the only place where it can be stopped.
            OnCreated = (_, _) =>
            {
                ct.ThrowIfCancellationRequested();
                if (clock.Elapsed > limit) throw new InvalidFormatException($"The page was given up: it took longer than {limit.TotalSeconds:0} s to parse.");
                if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new InvalidFormatException("The page nests preformatted text too deeply to be read.");
            },
        });
        using var page = parser.ParseDocument(text);
        var walk = new Walk();
        if (page.Body is { } body) walk.Children(body);
        walk.Output.End(BlockKind.Paragraph);
        var blocks = walk.Output.Blocks;
        var title = Collapse(page.Head?.Children.FirstOrDefault(child => child is IHtmlTitleElement)?.TextContent)
            ?? blocks.Find(block => block is { Kind: BlockKind.Heading, Level: 1 }).Heading;
        return new Document(null, title, walk.Output.Text, null, blocks);
    }

    /// <summary>The charset that the page names in its first kilobyte; null when none, unknown, or impossible there (UTF-16).</summary>
    private static Encoding? DeclaredEncoding(byte[] bytes)
    {
        var head = Encoding.ASCII.GetString(bytes, 0, Math.Min(bytes.Length, 1024));
        var start = head.IndexOf("charset=", StringComparison.OrdinalIgnoreCase);
        if (start < 0) return null;
        var name = head.AsSpan(start + 8).TrimStart("\"' ");
        var end = name.IndexOfAny(CharsetEnds);
        name = end < 0 ? name : name[..end];
        // The web reads Latin-1 as Windows-1252, its superset.
        if (name.Equals("iso-8859-1", StringComparison.OrdinalIgnoreCase)) return TextDecoder.Windows1252;
        if (name.IsEmpty || name.StartsWith("utf-", StringComparison.OrdinalIgnoreCase)) return null;
        return CodePagesEncodingProvider.Instance.GetEncoding(name.ToString());
    }

    private static string? Collapse(string? text)
    {
        if (text is null) return null;
        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length == 0 ? null : text;
    }

    private sealed class Walk
    {
        // What the text being collected belongs to when a block ends around it.
        private BlockKind _kind = BlockKind.Paragraph;
        private bool _preformatted;

        public BlockWriter Output { get; } = new();

        public void Children(INode parent)
        {
            for (var child = parent.FirstChild; child is not null; child = child.NextSibling)
            {
                if (child is IElement element) Element(element);
                else if (child is not IText text) continue;
                else if (_preformatted) Output.WriteVerbatim(text.Data);
                else Output.Write(text.Data);
            }
        }

        private void Element(IElement element)
        {
            var name = element.LocalName;
            if (Dropped.Contains(name) || IsInvisible(element)) return;
            if (name is ['h', >= '1' and <= '6']) Block(element, BlockKind.Heading, name[1] - '0');
            else if (name is "pre" or "listing" or "xmp") Preformatted(element);
            else if (name == "li") ListItem(element);
            else if (name == "tr") Block(element, IsLayout(element) ? BlockKind.Paragraph : BlockKind.Table, 0);
            else if (name is "td" or "th" && _kind == BlockKind.Table) Cell(element);
            else if (name == "br") Output.WriteLineBreak();
            else if (BlockElements.Contains(name)) Block(element, _kind == BlockKind.List ? BlockKind.List : BlockKind.Paragraph, 0);
            else Children(element);
        }

        private void Block(IElement element, BlockKind kind, int level)
        {
            // Inside a table row, cells hold the row together: a paragraph in a cell is no block of its own.
            if (_kind is BlockKind.Table or BlockKind.Heading || _preformatted)
            {
                Output.Write(" ");
                Children(element);
                Output.Write(" ");
                return;
            }
            Close();
            var outer = _kind;
            _kind = kind;
            Children(element);
            Close(level);
            _kind = outer;
        }

        private void ListItem(IElement element)
        {
            if (_kind is BlockKind.Table or BlockKind.Heading)
            {
                Block(element, _kind, 0);
                return;
            }
            Close();
            var outer = _kind;
            _kind = BlockKind.List;
            Output.Prefix = "- ";
            Children(element);
            Close();
            Output.Prefix = null;
            _kind = outer;
        }

        private void Cell(IElement element)
        {
            if (element.PreviousElementSibling is not null) Output.Write(" | ");
            Children(element);
        }

        private void Preformatted(IElement element)
        {
            if (_kind is BlockKind.Table or BlockKind.Heading)
            {
                Children(element);
                return;
            }
            Close();
            _preformatted = true;
            Children(element);
            _preformatted = false;
            Output.End(BlockKind.Code);
        }

        private void Close(int level = 0) => Output.End(_kind, level, tight: _kind is BlockKind.List or BlockKind.Table);

        /// <summary>Whether a row is there for the look of the page: its cells hold whole blocks. Looks at the row's first nodes only.</summary>
        private static bool IsLayout(IElement row)
        {
            INode? node = row.FirstChild;
            for (var seen = 0; node is not null && seen < 200; seen++)
            {
                if (node is IElement { LocalName: "table" or "ul" or "ol" or "pre" or "h1" or "h2" or "h3" or "h4" }) return true;
                var next = node.FirstChild ?? node.NextSibling;
                while (next is null && node.Parent is { } parent && parent != row) (node, next) = (parent, parent.NextSibling);
                node = next;
            }
            return false;
        }

        private static bool IsInvisible(IElement element)
        {
            if (element.HasAttribute("hidden")) return true;
            return element.GetAttribute("style") is { } style
                && style.Replace(" ", "", StringComparison.Ordinal).Contains("display:none", StringComparison.OrdinalIgnoreCase);
        }
    }
}
