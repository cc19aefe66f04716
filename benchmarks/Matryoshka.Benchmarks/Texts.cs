using System.IO.Compression;
using System.Text.Json;

namespace Matryoshka.Benchmarks;

/// <summary>Real text to measure with: the data folder beside the checkout where there is one, else the collection that ships.</summary>
internal static class Texts
{
    public const int WordsPerPassage = 100;

    private static readonly string[] PairFiles = ["arxiv_archive_title_abstract", "arxiv_title_abstract", "docs_vba_heading_section", "docs_cpp_heading_section"];

    /// <summary>Distinct passages of exactly 100 words, and where they come from.</summary>
    public static (List<string> Passages, string Origin) Passages(int count)
    {
        var pairs = Folder(Path.Join("shared", "data", "pairs"));
        var texts = pairs is null ? Corpus(Sample()).Select(d => d.Text) : PairFiles.SelectMany(file => Pairs(Path.Join(pairs, file + ".jsonl.gz")));
        var passages = new List<string>(count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // Without the data folder the shipped texts are cut again at other offsets until there are enough.
        for (var offset = 0; passages.Count < count && offset < WordsPerPassage; offset++)
        {
            var carried = new List<string>();
            foreach (var text in texts)
            {
                carried.AddRange(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                for (; carried.Count >= WordsPerPassage + offset && passages.Count < count; carried.RemoveRange(0, WordsPerPassage))
                {
                    var passage = string.Join(' ', carried.Skip(offset).Take(WordsPerPassage));
                    if (seen.Add(passage))
                        passages.Add(passage);
                }
            }
        }
        return (passages, pairs is null ? "SQuAD dev paragraphs" : "arXiv abstracts and documentation");
    }

    /// <summary>Questions to ask of <see cref="Passages"/>: titles of the papers and pages they are cut from.</summary>
    public static List<string> Titles(int count)
    {
        if (Folder(Path.Join("shared", "data", "pairs")) is not { } pairs)
            return [.. Queries(Sample()).Values.Take(count)];
        var titles = Pairs(Path.Join(pairs, PairFiles[0] + ".jsonl.gz"), "a").Where((_, i) => i % 37 == 0);
        return [.. titles.Take(count)];
    }

    /// <summary>Every text there is, long and short, by the file it comes from.</summary>
    public static IEnumerable<(string Name, IEnumerable<string> Texts)> Everything() =>
        Folder(Path.Join("shared", "data", "pairs")) is { } pairs
            ? Directory.GetFiles(pairs, "*.jsonl.gz").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), Pairs(file).Concat(Pairs(file, "a"))))
            : [("squad_dev_1_1", Corpus(Sample()).Select(d => d.Text))];

    /// <summary>The evaluation collections beside the checkout; only the shipped one where there are none.</summary>
    public static IEnumerable<(string Name, string Folder)> Collections() =>
        Folder(Path.Join("shared", "data", "eval")) is { } eval
            ? Directory.GetDirectories(eval).Order(StringComparer.Ordinal).Select(folder => (Path.GetFileName(folder), folder))
            : [("squad_dev_1_1", Sample())];

    public static IEnumerable<(string Id, string Text)> Corpus(string folder) => Lines(Path.Join(folder, "corpus.jsonl")).Select(line =>
    {
        var title = line.TryGetProperty("title", out var t) ? t.GetString() : null;
        var text = line.GetProperty("text").GetString()!;
        return (line.GetProperty("_id").GetString()!, string.IsNullOrEmpty(title) ? text : $"{title}\n{text}");
    });

    public static Dictionary<string, string> Queries(string folder) =>
        Lines(Path.Join(folder, "queries.jsonl")).ToDictionary(line => line.GetProperty("_id").GetString()!, line => line.GetProperty("text").GetString()!);

    /// <summary>Judgements: query id to relevant keys with their grades.</summary>
    public static Dictionary<string, Dictionary<string, int>> Judgements(string folder)
    {
        var file = new[] { "qrels.test.tsv", Path.Join("qrels", "test.tsv") }.Select(name => Path.Join(folder, name)).First(File.Exists);
        var judged = new Dictionary<string, Dictionary<string, int>>();
        foreach (var cells in File.ReadLines(file).Skip(1).Select(line => line.Split('\t')))
        {
            if (!judged.TryGetValue(cells[0], out var keys))
                judged[cells[0]] = keys = [];
            keys[cells[1]] = int.Parse(cells[2], System.Globalization.CultureInfo.InvariantCulture);
        }
        return judged;
    }

    /// <summary>The root of the checkout.</summary>
    public static string Root() => Path.GetDirectoryName(Folder("benchmarks")) ?? throw new MatryoshkaException("Run the benchmark from inside the repository.");

    private static string Sample() => Path.Join(Root(), "samples", "squad");

    public static string? Folder(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Join(folder.FullName, relative)))
                return Path.Join(folder.FullName, relative);
        return null;
    }

    private static IEnumerable<string> Pairs(string file, string side = "b")
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            using var pair = JsonDocument.Parse(line);
            yield return pair.RootElement.GetProperty(side).GetString()!;
        }
    }

    private static IEnumerable<JsonElement> Lines(string file)
    {
        foreach (var line in File.ReadLines(file))
        {
            using var document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }
}
