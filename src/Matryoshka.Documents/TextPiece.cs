namespace Matryoshka.Documents;

/// <summary>A piece of a document, small enough to be embedded.</summary>
/// <param name="Text">What is stored, shown and embedded: the context line, if any, and the body.</param>
/// <param name="Ordinal">The number of the piece in its document, from 0.</param>
/// <param name="Start">Where the body starts, in characters of the document's text.</param>
/// <param name="Length">The body's length: the body is <c>document.Text.Substring(Start, Length)</c>.</param>
public sealed record TextPiece(string Text, int Ordinal, int Start, int Length)
{
    /// <summary>The headings the body stands under, its own first ones included, joined by <c> &gt; </c>; null outside of any.</summary>
    public string? Heading { get; init; }

    /// <summary>The page the body starts on, from 1; null in formats without pages.</summary>
    public int? Page { get; init; }

    /// <summary>The first line of the source that the body takes in, or the line of the record; null in formats without lines.</summary>
    public long? Line { get; init; }

    /// <summary>The last line of the source that the body takes in; null for records and in formats without lines.</summary>
    public long? LastLine { get; init; }
}
