using System.Globalization;
using System.Text.Json;

using Matryoshka.Tuning.Truth;

namespace Matryoshka.Tuning;

/// <summary>
/// Reads judgements: TREC qrels (<c>query iteration key grade</c>, blanks between), BEIR's tab-separated
/// <c>query-id corpus-id score</c> with a heading, or JSON lines with an <c>_id</c> or <c>id</c> and <c>relevant</c>: an array of
/// keys, or an object of keys and grades. The form is told from the first line.
/// </summary>
public static class QrelsFile
{
    private static readonly char[] Blanks = [' ', '\t'];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidFormatException">A line has another form; the message names it.</exception>
    public static Judgements Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var judgements = new Judgements();
        var number = 0;
        foreach (var line in TextFile.Lines(path))
        {
            number++;
            if (line.AsSpan().Trim().IsEmpty)
                continue;
            var place = $"Line {number.ToString(CultureInfo.InvariantCulture)} of '{path}'";
            if (line[0] == '{')
                AddJson(judgements, line, place);
            else if (!(number == 1 && IsHeading(line)))
                AddColumns(judgements, line, place);
        }
        return judgements.Count > 0 ? judgements : throw new InvalidFormatException($"'{path}' holds no judgements.");
    }

    /// <summary>The judgements of a line of a query file, where it has a <c>relevant</c> field.</summary>
    internal static void AddJson(Judgements judgements, string line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (!root.TryGetProperty("relevant", out var relevant))
                return;
            var query = root.TryGetProperty("_id", out var id) || root.TryGetProperty("id", out id) ? TextOf(id) : null;
            if (string.IsNullOrEmpty(query))
                throw new InvalidFormatException($"{place} has 'relevant' but no '_id' or 'id'.");
            if (relevant.ValueKind == JsonValueKind.Array)
                foreach (var key in relevant.EnumerateArray())
                    judgements.Add(query, TextOf(key) is { Length: > 0 } text ? text : throw Malformed(place), 1);
            else if (relevant.ValueKind == JsonValueKind.Object)
                foreach (var pair in relevant.EnumerateObject())
                    judgements.Add(query, pair.Name.Length > 0 ? pair.Name : throw Malformed(place),
                        pair.Value.ValueKind == JsonValueKind.Number && pair.Value.TryGetInt32(out var grade) ? grade : throw Malformed(place));
            else
                throw Malformed(place);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidFormatException($"{place} is not a JSON object: {error.Message}", error);
        }
    }

    private static void AddColumns(Judgements judgements, string line, string place)
    {
        // Tabs, where there are any, separate: BEIR's ids may hold blanks.
        var cells = line.Contains('\t', StringComparison.Ordinal) ? line.Split('\t') : line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        if (cells.Length is not (3 or 4) || !TryGrade(cells[^1], out var grade) || cells[0].Length == 0 || cells[^2].Length == 0)
            throw new InvalidFormatException($"{place} is not a judgement: write 'query iteration key grade' (TREC) or query, tab, key, tab, grade (BEIR), the grade a whole number.");
        judgements.Add(cells[0], cells[^2], grade);
    }

    private static bool TryGrade(string text, out int grade) => int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out grade);

    private static bool IsHeading(string line) => line.Split('\t') is [_, _, var last] && !TryGrade(last, out _);

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static InvalidFormatException Malformed(string place) =>
        new($"{place}: 'relevant' is an array of keys, or an object of keys and whole-numbered grades.");
}
