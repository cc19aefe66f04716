using System.Text.Json.Nodes;

namespace Matryoshka.Documents;

/// <summary>What a block of a document is; it decides where the block may be split.</summary>
public enum BlockKind
{
    /// <summary>Prose: split between sentences, then between words.</summary>
    Paragraph,

    /// <summary>A heading: opens a section, and never ends a piece if that can be helped.</summary>
    Heading,

    /// <summary>List items: split between lines, then sentences.</summary>
    List,

    /// <summary>Code or preformatted text: split between lines, then words.</summary>
    Code,

    /// <summary>Table rows: split between lines, then words.</summary>
    Table,
}

/// <summary>A block of a document's text. Blocks are in order and do not overlap; only whitespace lies between them.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Where it starts, in characters of the document's text.</param>
/// <param name="Length">Its length in characters.</param>
public readonly record struct DocumentBlock(BlockKind Kind, int Start, int Length)
{
    /// <summary>The level of a heading, 1 (highest) to 6; 0 for other blocks.</summary>
    public int Level { get; init; }

    /// <summary>The text of a heading without markup; null for other blocks.</summary>
    public string? Heading { get; init; }

    /// <summary>The page it starts on, from 1; 0 in formats without pages.</summary>
    public int Page { get; init; }
}

/// <summary>A document as read: a file, or a record (a JSON line, a row) of one.</summary>
/// <param name="Id">The record's own id; null when it has none, and for files.</param>
/// <param name="Title">The title; null when there is none.</param>
/// <param name="Text">
/// The text. Line ends are single line feeds. Markdown keeps its markup, front matter taken off. A record with a title starts with the
/// title on a line of its own.
/// </param>
/// <param name="Metadata">Front matter, remaining fields or columns; null when there are none.</param>
/// <param name="Blocks">The structure, covering everything in <paramref name="Text"/> but whitespace.</param>
public sealed record Document(string? Id, string? Title, string Text, JsonObject? Metadata, IReadOnlyList<DocumentBlock> Blocks)
{
    /// <summary>The line of the source where the text starts, from 1; null in formats without lines (HTML, PDF).</summary>
    public long? Line { get; init; }

    /// <summary>True when line n of the text is line <see cref="Line"/> + n of the source (text, code, Markdown).</summary>
    public bool LinesFollowSource { get; init; }

    /// <summary>True for a record of a source that holds many; false when the document is the whole source.</summary>
    public bool IsRecord { get; init; }
}
