using System.Text.Json.Nodes;

namespace Matryoshka.Documents.Reading;

/// <summary>
/// Finds the blocks of a Markdown text line by line: enough structure to split at, and the text itself stays as it was written. Not a
/// renderer: nested containers are not resolved, a list is the run of lines from its first marker to a line that does not belong to it.
/// </summary>
internal static class MarkdownReader
{
    public static Document Read(string source)
    {
        source = TextDecoder.NormaliseLineEnds(source);
        var (metadata, bodyStart, bodyLine) = FrontMatter.Read(source);
        var text = source[bodyStart..];
        var blocks = new Scanner(text).Scan();
        var title = metadata?["title"] is JsonValue given ? given.ToString() : null;
        if (string.IsNullOrWhiteSpace(title)) title = blocks.Find(block => block is { Kind: BlockKind.Heading, Level: 1 }).Heading;
        return new Document(null, title, text, metadata, blocks) { Line = bodyLine, LinesFollowSource = true };
    }

    private sealed class Scanner(string text)
    {
        private readonly List<DocumentBlock> _blocks = [];
        private BlockKind _kind;
        private int _start = -1;
        private int _end;
        private char _fence;
        private int _fenceLength;

        public List<DocumentBlock> Scan()
        {
            for (var start = 0; start < text.Length;)
            {
                var end = text.IndexOf('\n', start);
                if (end < 0) end = text.Length;
                Line(start, start + text.AsSpan(start, end - start).TrimEnd().Length);
                start = end + 1;
            }
            Close();
            return _blocks;
        }

        private void Line(int start, int end)
        {
            var line = text.AsSpan(start, end - start);
            if (_fenceLength > 0) InFence(line, start, end);
            else if (line.IsEmpty) Blank();
            else if (FenceOf(line) is ( > 0, _) and var (length, mark)) OpenFence(length, mark, start, end);
            else if (HeadingLevel(line) is > 0 and var level) AddHeading(start, end, level, line.TrimStart()[level..]);
            else if (_start >= 0 && _kind == BlockKind.Paragraph && UnderlineLevel(line) is > 0 and var underline) CloseAsHeading(end, underline);
            else Continue(start, end, KindOf(line));
        }

        private void InFence(ReadOnlySpan<char> line, int start, int end)
        {
            if (_start < 0) _start = start;
            if (!line.IsEmpty) _end = end;
            var (length, mark) = FenceOf(line);
            if (mark != _fence || length < _fenceLength || line.TrimStart().TrimEnd().ContainsAnyExcept(mark)) return;
            _fenceLength = 0;
            if (_kind == BlockKind.Code) Close();
        }

        private void OpenFence(int length, char mark, int start, int end)
        {
            // A fence inside a list item stays part of the list: an item and its code belong together.
            if (_start < 0 || _kind != BlockKind.List || !char.IsWhiteSpace(text[start]))
            {
                Close();
                _kind = BlockKind.Code;
                _start = start;
            }
            (_fence, _fenceLength, _end) = (mark, length, end);
        }

        /// <summary>Blank lines end everything but a list: its items may be separated by them, and the next line decides.</summary>
        private void Blank()
        {
            if (_kind != BlockKind.List) Close();
        }

        private void Continue(int start, int end, BlockKind kind)
        {
            var indented = char.IsWhiteSpace(text[start]);
            var afterBlank = _start >= 0 && text.AsSpan(_end, start - _end).Count('\n') > 1;
            var joins = _start >= 0 && _kind switch
            {
                BlockKind.List => kind == BlockKind.List || indented || !afterBlank,
                BlockKind.Table => kind == BlockKind.Table,
                BlockKind.Code => kind == BlockKind.Code,
                // Indentation inside a paragraph means nothing.
                _ => kind is BlockKind.Paragraph or BlockKind.Code,
            };
            if (!joins)
            {
                Close();
                _kind = kind;
                _start = start;
            }
            _end = end;
        }

        private static BlockKind KindOf(ReadOnlySpan<char> line)
        {
            var trimmed = line.TrimStart();
            if (IsListMarker(trimmed)) return BlockKind.List;
            if (trimmed[0] == '|' && trimmed.Count('|') > 1) return BlockKind.Table;
            return line.StartsWith("    ") || line[0] == '\t' ? BlockKind.Code : BlockKind.Paragraph;
        }

        private void AddHeading(int start, int end, int level, ReadOnlySpan<char> content)
        {
            Close();
            content = content.Trim();
            var bare = content.TrimEnd('#');
            if (bare.IsEmpty || char.IsWhiteSpace(bare[^1])) content = bare.TrimEnd();
            _blocks.Add(new(BlockKind.Heading, start, end - start) { Level = level, Heading = MarkdownText.Strip(content) });
        }

        private void CloseAsHeading(int end, int level)
        {
            var content = text.AsSpan(_start, _end - _start).Trim();
            _blocks.Add(new(BlockKind.Heading, _start, end - _start) { Level = level, Heading = MarkdownText.Strip(content) });
            _start = -1;
        }

        private void Close()
        {
            if (_start >= 0 && _end > _start) _blocks.Add(new(_kind, _start, _end - _start));
            _start = -1;
            _kind = BlockKind.Paragraph;
        }

        private static (int Length, char Mark) FenceOf(ReadOnlySpan<char> line)
        {
            var trimmed = line.TrimStart();
            if (trimmed.IsEmpty || trimmed[0] is not ('`' or '~')) return default;
            var length = trimmed.IndexOfAnyExcept(trimmed[0]);
            if (length < 0) length = trimmed.Length;
            // ```code``` on one line is inline code, not a fence.
            return length < 3 || (trimmed[0] == '`' && trimmed[length..].Contains('`')) ? default : (length, trimmed[0]);
        }

        private static int HeadingLevel(ReadOnlySpan<char> line)
        {
            var trimmed = line.TrimStart(' ');
            if (line.Length - trimmed.Length > 3) return 0;
            var level = trimmed.IndexOfAnyExcept('#');
            if (level < 0) level = trimmed.Length;
            return level is > 0 and <= 6 && (level == trimmed.Length || char.IsWhiteSpace(trimmed[level])) ? level : 0;
        }

        private static int UnderlineLevel(ReadOnlySpan<char> line)
        {
            var trimmed = line.TrimStart(' ');
            if (line.Length - trimmed.Length > 3 || trimmed[0] is not ('=' or '-') || trimmed.ContainsAnyExcept(trimmed[0])) return 0;
            return trimmed[0] == '=' ? 1 : 2;
        }

        private static bool IsListMarker(ReadOnlySpan<char> line)
        {
            if (line[0] is '-' or '*' or '+') return line.Length > 1 && line[1] is ' ' or '\t';
            var digits = line.IndexOfAnyExceptInRange('0', '9');
            return digits is > 0 and <= 9 && line[digits] is '.' or ')' && digits + 1 < line.Length && line[digits + 1] is ' ' or '\t';
        }
    }
}
