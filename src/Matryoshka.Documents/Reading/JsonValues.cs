using System.Text.Json;
using System.Text.Json.Nodes;

namespace Matryoshka.Documents.Reading;

/// <summary>
/// Copies parsed JSON into nodes that own their data. Nodes made straight over an element would keep the whole line alive, and would
/// throw on a repeated name only when somebody looks: here the last one wins, as in most parsers.
/// </summary>
internal static class JsonValues
{
    public static JsonNode? Copy(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => CopyObject(element),
        JsonValueKind.Array => CopyArray(element),
        JsonValueKind.String => JsonValue.Create(element.GetString()),
        JsonValueKind.True => JsonValue.Create(true),
        JsonValueKind.False => JsonValue.Create(false),
        JsonValueKind.Number => CopyNumber(element),
        _ => null,
    };

    /// <summary>A number when the text is exactly how that number is written (so not "007" or "1.50"), the text otherwise.</summary>
    public static JsonValue FromText(string text)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        if (text.Length is > 0 and < 32 && (char.IsAsciiDigit(text[0]) || text[0] == '-'))
        {
            if (long.TryParse(text, culture, out var whole) && whole.ToString(culture) == text) return JsonValue.Create(whole);
            if (double.TryParse(text, culture, out var real) && double.IsFinite(real) && real.ToString("R", culture) == text) return JsonValue.Create(real);
        }
        return JsonValue.Create(text)!;
    }

    private static JsonObject CopyObject(JsonElement element)
    {
        var copy = new JsonObject();
        foreach (var property in element.EnumerateObject()) copy[property.Name] = Copy(property.Value);
        return copy;
    }

    private static JsonArray CopyArray(JsonElement element)
    {
        var copy = new JsonArray();
        foreach (var item in element.EnumerateArray()) copy.Add(Copy(item));
        return copy;
    }

    private static JsonValue CopyNumber(JsonElement element)
    {
        if (element.TryGetInt64(out var whole)) return JsonValue.Create(whole);
        // Clone keeps digits that a double would round away, and only the number's own bytes.
        return JsonValue.Create(element.Clone())!;
    }
}
