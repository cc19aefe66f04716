using System.Text.Json;
using System.Text.Json.Nodes;

namespace Matryoshka.Cli.Files;

/// <summary>What a vector file or the key file beside it says about one row.</summary>
internal sealed record VectorRow(string? Key, string? Text, string? Source, JsonObject? Metadata, float[]? Vector)
{
    /// <summary>
    /// Reads a JSON line: <c>key</c>, <c>id</c> or <c>_id</c> (text or number), <c>text</c>, <c>source</c>, <c>metadata</c>
    /// (object), <c>vector</c> or <c>embedding</c> (array of numbers). Other fields are passed over.
    /// </summary>
    /// <exception cref="InvalidFormatException">The line is no JSON object, or a field has another type.</exception>
    public static VectorRow Parse(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new InvalidFormatException($"{place} is not a JSON object.");
            return new(KeyOf(root, place), TextOf(root, "text", place), TextOf(root, "source", place), MetadataOf(root, place), VectorOf(root, place));
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"{place} is not valid JSON: {error.Message}", error);
        }
    }

    private static string? KeyOf(JsonElement root, string place)
    {
        if (!root.TryGetProperty("key", out var key) && !root.TryGetProperty("id", out key) && !root.TryGetProperty("_id", out key))
            return null;
        return key.ValueKind switch
        {
            JsonValueKind.String => key.GetString(),
            JsonValueKind.Number => key.GetRawText(),
            JsonValueKind.Null => null,
            _ => throw new InvalidFormatException($"{place}: the key is neither a text nor a number."),
        };
    }

    private static string? TextOf(JsonElement root, string field, string place) =>
        !root.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new InvalidFormatException($"{place}: '{field}' is not a text.");

    private static JsonObject? MetadataOf(JsonElement root, string place) =>
        !root.TryGetProperty("metadata", out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Object ? JsonObject.Create(value.Clone())
        : throw new InvalidFormatException($"{place}: 'metadata' is not an object.");

    private static float[]? VectorOf(JsonElement root, string place)
    {
        if (!root.TryGetProperty("vector", out var value) && !root.TryGetProperty("embedding", out value))
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw new InvalidFormatException($"{place}: the vector is not an array of numbers.");
        var length = value.GetArrayLength();
        if (length is 0 or > NestedDimensions.MaxDimensions)
            throw new InvalidFormatException($"{place}: the vector has {length} components; 1 to {NestedDimensions.MaxDimensions} are allowed.");
        var vector = new float[length];
        var i = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetSingle(out vector[i]))
                throw new InvalidFormatException($"{place}: component {i} of the vector is not a number.");
            i++;
        }
        return vector;
    }
}
