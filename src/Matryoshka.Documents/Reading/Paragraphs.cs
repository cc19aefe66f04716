namespace Matryoshka.Documents.Reading;

/// <summary>Blocks of text that has no markup: runs of lines between blank ones.</summary>
internal static class Paragraphs
{
    public static void AddTo(List<DocumentBlock> blocks, string text, int start, BlockKind kind)
    {
        var blockStart = -1;
        var blockEnd = 0;
        while (start < text.Length)
        {
            var lineEnd = text.IndexOf('\n', start);
            if (lineEnd < 0) lineEnd = text.Length;
            var line = text.AsSpan(start, lineEnd - start).TrimEnd();
            if (!line.IsEmpty)
            {
                if (blockStart < 0) blockStart = start;
                blockEnd = start + line.Length;
            }
            else if (blockStart >= 0)
            {
                blocks.Add(new(kind, blockStart, blockEnd - blockStart));
                blockStart = -1;
            }
            start = lineEnd + 1;
        }
        if (blockStart >= 0) blocks.Add(new(kind, blockStart, blockEnd - blockStart));
    }

    /// <summary>The document of a record: the title, if any, as a heading above the text.</summary>
    public static (string Text, List<DocumentBlock> Blocks) OfRecord(string? title, string body)
    {
        body = TextDecoder.NormaliseLineEnds(body);
        var blocks = new List<DocumentBlock>(2);
        if (title is null)
        {
            AddTo(blocks, body, 0, BlockKind.Paragraph);
            return (body, blocks);
        }
        var text = body.Length == 0 ? title : string.Concat(title, "\n", body);
        blocks.Add(new(BlockKind.Heading, 0, title.Length) { Level = 1, Heading = title });
        if (body.Length > 0) AddTo(blocks, text, title.Length + 1, BlockKind.Paragraph);
        return (text, blocks);
    }
}
