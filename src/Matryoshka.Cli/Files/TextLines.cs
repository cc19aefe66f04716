using System.Text;
using System.Text.Json;

namespace Matryoshka.Cli.Files;

/// <summary>Reads texts to embed, one a line. Row n of the result is line n: an empty line is an error, not a gap.</summary>
internal static class TextLines
{
    public static IEnumerable<string> Read(TextReader reader, string name)
    {
        long number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            yield return line.Length > 0 ? line : throw Empty(number, name);
        }
    }

    public static IEnumerable<string> Read(string path)
    {
        using var lines = InputFile.OpenLines(path);
        while (lines.TryRead(out var line))
            yield return line.IsEmpty ? throw Empty(lines.Number, path) : Encoding.UTF8.GetString(line.Span);
    }

    /// <summary>JSON lines with a <c>text</c> each.</summary>
    public static IEnumerable<string> ReadJson(string path)
    {
        using var lines = InputFile.OpenLines(path);
        while (lines.TryRead(out var line))
        {
            var place = $"Line {lines.Number} of '{path}'";
            yield return TextOf(line, place) is { Length: > 0 } text ? text : throw new InvalidFormatException($"{place} has no 'text'.");
        }
    }

    private static string? TextOf(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString() : null;
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"{place} is not valid JSON: {error.Message}", error);
        }
    }

    private static InvalidFormatException Empty(long number, string name) =>
        new($"Line {number} of {name} is empty: an empty text has no vector, and leaving it out would shift the rows after it.");
}
