using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.DocumentLayoutAnalysis;
using UglyToad.PdfPig.DocumentLayoutAnalysis.PageSegmenter;
using UglyToad.PdfPig.DocumentLayoutAnalysis.ReadingOrderDetector;
using UglyToad.PdfPig.DocumentLayoutAnalysis.TextExtractor;
using UglyToad.PdfPig.DocumentLayoutAnalysis.WordExtractor;

namespace Matryoshka.Documents.Reading;

/// <summary>Turns the placed letters of a page into blocks in reading order, column by column.</summary>
internal static class PdfLayout
{
    // The reading order compares blocks pairwise and the segmentation searches neighbours: a page drawn with more letters than any
    // readable page has is read in the order it was drawn instead.
    private const int MaxLetters = 30_000;

    private static readonly NearestNeighbourWordExtractor Words = new(new() { MaxDegreeOfParallelism = 1 });
    private static readonly DocstrumBoundingBoxes Segmenter = new(new DocstrumBoundingBoxes.DocstrumBoundingBoxesOptions { MaxDegreeOfParallelism = 1 });

    public static void Write(Page page, BlockWriter output)
    {
        var letters = page.Letters;
        if (letters.Count == 0) return;
        if (letters.Count > MaxLetters)
        {
            WriteInDrawnOrder(page, output);
            return;
        }
        var words = Words.GetWords(letters).Where(word => !string.IsNullOrWhiteSpace(word.Text)).ToList();
        if (words.Count == 0) return;
        var blocks = Segmenter.GetBlocks(words);
        foreach (var block in new UnsupervisedReadingOrderDetector(10).Get(blocks)) WriteBlock(block, page.Number, output);
    }

    private static void WriteBlock(TextBlock block, int page, BlockWriter output)
    {
        var lines = block.TextLines;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i].Text.AsSpan().Trim();
            var isHyphenated = i + 1 < lines.Count && IsHyphenated(line, lines[i + 1].Text.AsSpan().Trim());
            output.Write(isHyphenated ? line[..^1] : line);
            if (!isHyphenated) output.Write("\n");
        }
        output.End(BlockKind.Paragraph, page: page);
    }

    /// <summary>A word divided at the line's end: letter, hyphen, and a small letter below.</summary>
    private static bool IsHyphenated(ReadOnlySpan<char> line, ReadOnlySpan<char> next) =>
        line.Length > 1 && line[^1] is '-' or '\u00AD' or '\u2010' && char.IsLetter(line[^2]) && next.Length > 0 && char.IsLower(next[0]);

    private static void WriteInDrawnOrder(Page page, BlockWriter output)
    {
        foreach (var line in ContentOrderTextExtractor.GetText(page, addDoubleNewline: true).AsSpan().EnumerateLines())
        {
            if (line.IsWhiteSpace()) output.End(BlockKind.Paragraph, page: page.Number);
            else output.Write(line);
            output.Write("\n");
        }
        output.End(BlockKind.Paragraph, page: page.Number);
    }
}
