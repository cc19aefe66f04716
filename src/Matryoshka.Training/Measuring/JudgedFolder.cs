using System.Globalization;
using System.Text.Json;

namespace Matryoshka.Training.Measuring;

/// <summary>A retrieval collection in BEIR's layout: corpus.jsonl, queries.jsonl and qrels.test.tsv (or qrels/test.tsv).</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Documents">Title and text, joined by a blank.</param>
/// <param name="Queries">Those that have judgements.</param>
/// <param name="Judged">Of each query, document and grade.</param>
internal sealed record JudgedFolder(string Name, IReadOnlyList<string> Documents, IReadOnlyList<string> Queries, IReadOnlyList<IReadOnlyDictionary<int, int>> Judged)
{
    public static JudgedFolder Read(string folder)
    {
        Require(folder);
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var documents = new List<string>();
        foreach (var line in Lines(folder, "corpus.jsonl"))
        {
            using var document = Parse(line, folder, "corpus.jsonl");
            numbers[Text(document, "_id", folder)] = documents.Count;
            var title = document.RootElement.TryGetProperty("title", out var t) ? t.GetString() : null;
            documents.Add(string.IsNullOrEmpty(title) ? Text(document, "text", folder) : title + " " + Text(document, "text", folder));
        }
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Lines(folder, "queries.jsonl"))
        {
            using var document = Parse(line, folder, "queries.jsonl");
            texts[Text(document, "_id", folder)] = Text(document, "text", folder);
        }
        var judged = new SortedDictionary<string, Dictionary<int, int>>(StringComparer.Ordinal);
        var judgements = Judgements(folder);
        foreach (var line in Lines(folder, judgements).Skip(1))
        {
            var cells = line.Split('\t');
            if (cells.Length < 3 || !int.TryParse(cells[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var grade))
                throw new InvalidFormatException($"'{Path.Join(folder, judgements)}' has a line that is not 'query, document, grade': '{line}'.");
            if (texts.ContainsKey(cells[0]) && numbers.TryGetValue(cells[1], out var number))
                (judged.TryGetValue(cells[0], out var list) ? list : judged[cells[0]] = [])[number] = grade;
        }
        return new(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), documents, [.. judged.Keys.Select(id => texts[id])], [.. judged.Values]);
    }

    /// <summary>Refuses a folder that is no such collection before hours are spent.</summary>
    public static void Require(string folder)
    {
        foreach (var file in (ReadOnlySpan<string>)["corpus.jsonl", "queries.jsonl", Judgements(folder)])
            if (!File.Exists(Path.Join(folder, file)))
                throw new TrainingException($"'{folder}' is not a judged collection: there is no '{file}'. Wanted are corpus.jsonl, queries.jsonl and qrels.test.tsv.");
    }

    private static string Judgements(string folder) => File.Exists(Path.Join(folder, "qrels", "test.tsv")) ? Path.Join("qrels", "test.tsv") : "qrels.test.tsv";

    private static IEnumerable<string> Lines(string folder, string file) => File.ReadLines(Path.Join(folder, file));

    private static JsonDocument Parse(string line, string folder, string file)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"'{Path.Join(folder, file)}' has a line that is not JSON: {error.Message}", error);
        }
    }

    private static string Text(JsonDocument document, string field, string folder) =>
        document.RootElement.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw new InvalidFormatException($"'{folder}' has a line without a text '{field}'.");
}
