namespace Matryoshka.Documents;

/// <summary>How documents are read. The defaults suit files found in the wild.</summary>
public sealed record DocumentReadOptions
{
    /// <summary>Names of the field or column that holds a record's text; the first one present is used.</summary>
    public IReadOnlyList<string> TextFields { get; init; } = ["text", "content", "body", "passage"];

    /// <summary>
    /// Columns of CSV and TSV files that make up the text together, each on its own line; overrides <see cref="TextFields"/> there. When
    /// null and no column of <see cref="TextFields"/> is present, the text is all columns as <c>name: value</c> lines.
    /// </summary>
    public IReadOnlyList<string>? TextColumns { get; init; }

    /// <summary>Names of the field or column that holds a record's id; the first one present is used.</summary>
    public IReadOnlyList<string> IdFields { get; init; } = ["id", "_id", "key"];

    /// <summary>Names of the field or column that holds a record's title; the first one present is used.</summary>
    public IReadOnlyList<string> TitleFields { get; init; } = ["title"];

    /// <summary>Fields of a record that are dropped instead of becoming metadata: vectors made by somebody else's model.</summary>
    public IReadOnlyList<string> IgnoredFields { get; init; } = ["embedding", "embeddings", "vector"];

    /// <summary>The longest JSON line or CSV record, in bytes; longer ones are reported and skipped. 16 MiB by default.</summary>
    public int MaxRecordBytes { get; init; } = 16 << 20;

    /// <summary>The largest file of a format that is read whole (all but JSON lines, BEIR, CSV, TSV), in bytes. 512 MiB by default.</summary>
    public int MaxFileBytes { get; init; } = 512 << 20;

    /// <summary>How many failures of one source are reported singly; the others are counted in one last report. 100 by default.</summary>
    public int MaxFailures { get; init; } = 100;

    /// <summary>How long one page of a PDF, or one HTML file, may take to be parsed before the file is given up. A minute by default.</summary>
    public TimeSpan ParseTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The stream read for <c>-</c>; the process's standard input when null. It is not closed.</summary>
    public Stream? StandardInput { get; init; }
}
