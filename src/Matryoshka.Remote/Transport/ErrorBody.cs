using System.Text;
using System.Text.Json;

namespace Matryoshka.Remote.Transport;

/// <summary>
/// What a server says about an error. Every shape in use: <c>error</c> as an object with <c>message</c> (OpenAI, vLLM,
/// Gemini) or as a text (TEI, Ollama), <c>message</c> at the top (Cohere, older vLLM, TEI's OpenAI route), <c>detail</c> as a
/// text or a list (Voyage, Jina, Infinity), or no JSON at all.
/// </summary>
internal sealed record ErrorBody(string Message, string Code)
{
    private const int Longest = 500;

    private static readonly string[] CodeNames = ["code", "type", "error_type", "status"];

    public static ErrorBody Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root)
                return new(Clean(Find(root) ?? ""), Codes(root));
        }
        catch (JsonException)
        {
            // A proxy's page or a text; shown as it is.
        }
        return new(Clean(Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, 4 * Longest)])), "");
    }

    public bool Mentions(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
            if (Message.Contains(word, StringComparison.OrdinalIgnoreCase) || Code.Contains(word, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    /// <summary>The first message found; null when an object holds none.</summary>
    public static string? Find(JsonElement root)
    {
        foreach (var name in (ReadOnlySpan<string>)["error", "message", "detail"])
        {
            if (!root.TryGetProperty(name, out var value))
                continue;
            var text = value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Object => Find(value),
                JsonValueKind.Array => string.Join("; ", value.EnumerateArray().Take(3).Select(Entry)),
                _ => null,
            };
            if (!string.IsNullOrEmpty(text))
                return text;
        }
        return null;
    }

    private static string Entry(JsonElement entry) =>
        entry.ValueKind != JsonValueKind.Object ? entry.ToString()
        : entry.TryGetProperty("msg", out var message) ? message.ToString()
        : Find(entry) ?? "";

    private static string Codes(JsonElement root)
    {
        var holder = root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? error : root;
        return string.Join(' ', CodeNames.Select(name => holder.TryGetProperty(name, out var value) ? value.ToString() : ""));
    }

    // One line: the text goes into a message for a terminal.
    private static string Clean(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, Longest));
        foreach (var c in text)
        {
            if (line.Length >= Longest)
                return line.Append("...").ToString();
            if (!char.IsControl(c))
                line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ')
                line.Append(' ');
        }
        return line.ToString().Trim();
    }
}
