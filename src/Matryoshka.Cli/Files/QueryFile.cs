using System.Text;
using System.Text.Json;

namespace Matryoshka.Cli.Files;

/// <summary>A query with the id under which judgements know it.</summary>
internal readonly record struct Query(string Id, string Text);

/// <summary>
/// Reads queries: JSON lines with <c>_id</c> or <c>id</c> and <c>text</c> or <c>query</c> (BEIR's <c>queries.jsonl</c>), or
/// lines of id, tab, text.
/// </summary>
internal static class QueryFile
{
    /// <exception cref="InvalidFormatException">A line has another form, an id has white space or stands twice, a text is empty.</exception>
    public static List<Query> Read(string path)
    {
        using var lines = InputFile.OpenLines(path);
        var queries = new List<Query>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool? json = null;
        while (lines.TryRead(out var line))
        {
            if (line.Span.IndexOfAnyExcept(" \t"u8) < 0)
                continue;
            json ??= line.Span[0] == (byte)'{';
            var place = $"Line {lines.Number} of '{path}'";
            var query = json.Value ? ParseJson(line, place) : ParseTabbed(Encoding.UTF8.GetString(line.Span), place);
            if (!TrecRun.IsToken(query.Id))
                throw new InvalidFormatException($"{place}: the query id '{query.Id}' is empty or has white space, which a run file cannot hold.");
            if (!seen.Add(query.Id))
                throw new InvalidFormatException($"{place}: the query id '{query.Id}' stands twice.");
            if (string.IsNullOrWhiteSpace(query.Text))
                throw new InvalidFormatException($"{place}: query '{query.Id}' has no text.");
            queries.Add(query);
        }
        return queries.Count > 0 ? queries : throw new InvalidFormatException($"'{path}' holds no queries.");
    }

    private static Query ParseTabbed(string line, string place)
    {
        var tab = line.IndexOf('\t', StringComparison.Ordinal);
        return tab >= 0 ? new(line[..tab], line[(tab + 1)..])
            : throw new InvalidFormatException($"{place} has no tab: write id, tab, text, or JSON lines with _id and text.");
    }

    private static Query ParseJson(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || (!root.TryGetProperty("_id", out var id) && !root.TryGetProperty("id", out id))
                || (!root.TryGetProperty("text", out var text) && !root.TryGetProperty("query", out text))
                || text.ValueKind != JsonValueKind.String
                || id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
                throw new InvalidFormatException($"{place} is not a query: write {{\"_id\": \"q1\", \"text\": \"...\"}}.");
            return new(id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetRawText(), text.GetString()!);
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"{place} is not valid JSON: {error.Message}", error);
        }
    }
}
