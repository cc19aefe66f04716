namespace Matryoshka.Documents;

/// <summary>How the bytes of a source are read.</summary>
public enum DocumentFormat
{
    /// <summary>Decided from the first byte when the source is read: <c>{</c> is JSON lines, anything else text. Only standard input.</summary>
    Detect,

    /// <summary>Plain text: paragraphs separated by blank lines.</summary>
    Text,

    /// <summary>Source code: text that is split at lines, never inside one that fits.</summary>
    Code,

    /// <summary>Markdown with optional front matter.</summary>
    Markdown,

    /// <summary>HTML: the visible text of the page.</summary>
    Html,

    /// <summary>PDF: the text of its pages; scanned pages have none.</summary>
    Pdf,

    /// <summary>One JSON object a line, each a document of its own.</summary>
    JsonLines,

    /// <summary>Separated values with a header row, the separator found out; each row is a document of its own.</summary>
    Csv,

    /// <summary>Tab-separated values with a header row; each row is a document of its own.</summary>
    Tsv,

    /// <summary>The <c>corpus.jsonl</c> of a BEIR folder: <c>_id</c>, <c>title</c>, <c>text</c>.</summary>
    Beir,
}

/// <summary>A file (or standard input) that documents can be read from.</summary>
/// <param name="Name">
/// The stable name, stored with every piece: the path relative to the working folder with forward slashes, the full path when the
/// source lies outside of it, <see cref="StandardInputName"/> for standard input. A BEIR folder goes by the folder's name.
/// </param>
/// <param name="Path">The absolute path of the file; <c>-</c> for standard input.</param>
/// <param name="Size">The size in bytes; -1 for standard input.</param>
/// <param name="LastWriteTime">When the file was last written, UTC; for standard input, when it was listed.</param>
/// <param name="Format">How to read it.</param>
public sealed record DocumentSource(string Name, string Path, long Size, DateTimeOffset LastWriteTime, DocumentFormat Format)
{
    /// <summary>The name of standard input as a source.</summary>
    public const string StandardInputName = "stdin";

    /// <summary>Whether this is standard input, which can be read once only.</summary>
    public bool IsStandardInput => Path == "-";
}
