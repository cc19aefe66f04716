using System.Collections.Frozen;

namespace Matryoshka.Documents.Listing;

/// <summary>Which extension is read how. Extensions not named here are skipped in folders.</summary>
internal static class Formats
{
    private static readonly FrozenDictionary<string, DocumentFormat> ByExtension = Table().ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static bool TryOf(string path, out DocumentFormat format) => ByExtension.TryGetValue(Path.GetExtension(path), out format);

    private static Dictionary<string, DocumentFormat> Table()
    {
        var table = new Dictionary<string, DocumentFormat>(StringComparer.OrdinalIgnoreCase);
        Add(DocumentFormat.Text, ".txt", ".text", ".rst", ".org", ".tex", ".adoc");
        Add(DocumentFormat.Markdown, ".md", ".markdown");
        Add(DocumentFormat.Html, ".html", ".htm", ".xhtml");
        Add(DocumentFormat.Pdf, ".pdf");
        Add(DocumentFormat.JsonLines, ".jsonl", ".ndjson");
        Add(DocumentFormat.Csv, ".csv");
        Add(DocumentFormat.Tsv, ".tsv");
        Add(DocumentFormat.Code, ".cs", ".fs", ".vb", ".py", ".js", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".go", ".rs", ".c", ".h",
            ".cc", ".cpp", ".cxx", ".hpp", ".swift", ".rb", ".php", ".sh", ".ps1", ".sql");
        return table;

        void Add(DocumentFormat format, params ReadOnlySpan<string> extensions)
        {
            foreach (var extension in extensions) table.Add(extension, format);
        }
    }
}
