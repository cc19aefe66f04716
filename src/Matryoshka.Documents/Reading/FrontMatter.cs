using System.Text.Json.Nodes;

namespace Matryoshka.Documents.Reading;

/// <summary>
/// The block between <c>---</c> lines at the top of a Markdown file, as metadata. Of YAML it understands what front matter is made of:
/// <c>key: value</c>, quoted values, <c>[a, b]</c> lists and lists of <c>- item</c> lines. Anything deeper is left out.
/// </summary>
internal static class FrontMatter
{
    // Beyond this, two rules far apart in a text are more likely than front matter.
    private const int MaxLines = 500;

    /// <summary>The metadata (null without front matter), where the text starts, and on which line.</summary>
    public static (JsonObject? Metadata, int BodyStart, int BodyLine) Read(string source)
    {
        if (!source.StartsWith("---\n", StringComparison.Ordinal)) return (null, 0, 1);
        var metadata = new JsonObject();
        string? key = null;
        var line = 2;
        for (var start = 4; start < source.Length && line <= MaxLines; line++)
        {
            var end = source.IndexOf('\n', start);
            if (end < 0) end = source.Length;
            var content = source.AsSpan(start, end - start).TrimEnd();
            start = Math.Min(end + 1, source.Length);
            if (content is "---" or "...") return (metadata.Count > 0 ? metadata : null, start, line + 1);
            key = ReadLine(metadata, key, content);
        }
        return (null, 0, 1);
    }

    /// <summary>Takes one line in; returns the key that following list items belong to.</summary>
    private static string? ReadLine(JsonObject metadata, string? key, ReadOnlySpan<char> line)
    {
        var trimmed = line.TrimStart();
        if (trimmed.IsEmpty || trimmed[0] == '#') return key;
        if (trimmed.StartsWith("- "))
        {
            if (key is null) return null;
            if (metadata[key] is not JsonArray items) metadata[key] = items = [];
            items.Add(Value(trimmed[2..].Trim()));
            return key;
        }
        var colon = line.IndexOf(':');
        if (colon <= 0 || char.IsWhiteSpace(line[0]) || (colon + 1 < line.Length && line[colon + 1] != ' ')) return null;
        key = Unquote(line[..colon].Trim());
        var value = line[(colon + 1)..].Trim();
        if (value.IsEmpty || value is "|" or ">") return key;
        metadata[key] = value[0] == '[' && value[^1] == ']' ? Items(value[1..^1]) : Value(value);
        return key;
    }

    private static JsonArray Items(ReadOnlySpan<char> list)
    {
        var items = new JsonArray();
        foreach (var range in list.Split(','))
        {
            var item = list[range].Trim();
            if (!item.IsEmpty) items.Add(Value(item));
        }
        return items;
    }

    private static JsonValue? Value(ReadOnlySpan<char> text)
    {
        if (text is "true" or "True") return JsonValue.Create(true);
        if (text is "false" or "False") return JsonValue.Create(false);
        if (text is "null" or "~") return null;
        var plain = Unquote(text);
        return plain.Length == text.Length ? JsonValues.FromText(plain) : JsonValue.Create(plain);
    }

    private static string Unquote(ReadOnlySpan<char> text)
    {
        if (text.Length >= 2 && text[0] is '"' or '\'' && text[^1] == text[0])
        {
            var inner = text[1..^1].ToString();
            return text[0] == '\'' ? inner.Replace("''", "'", StringComparison.Ordinal) : inner.Replace("\\\"", "\"", StringComparison.Ordinal);
        }
        // A comment starts at a hash after a space.
        var comment = text.IndexOf(" #");
        return (comment > 0 ? text[..comment].TrimEnd() : text).ToString();
    }
}
