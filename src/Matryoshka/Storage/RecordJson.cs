using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Matryoshka.Storage;

/// <summary>A record's position and metadata as the catalogue stores them: a JSON object as text, null for none or an empty one.</summary>
internal static class RecordJson
{
    /// <summary>Levels of nesting, as many as System.Text.Json reads unless told otherwise: whoever gets a record can read it.</summary>
    private const int MaxDepth = 64;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    /// <exception cref="MatryoshkaException">It cannot be written as JSON.</exception>
    public static string? Write(JsonObject? node, string name)
    {
        if (node is null or { Count: 0 })
            return null;
        try
        {
            return node.ToJsonString(Relaxed);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or JsonException or NotSupportedException)
        {
            // NaN and infinity, names that stand twice, nesting beyond the limit, values of no JSON type.
            throw new MatryoshkaException($"its {name} cannot be written as JSON of at most {MaxDepth} levels: {error.Message}", error);
        }
    }

    /// <exception cref="CorruptFileException">It is not a JSON object.</exception>
    public static JsonObject? Read(string? json, string name, StoredRecord record, string catalog)
    {
        if (json is null)
            return null;
        try
        {
            if (JsonNode.Parse(json) is JsonObject read)
                return read;
        }
        catch (JsonException)
        {
        }
        throw new CorruptFileException(catalog, $"the {name} of record {record.Id} ('{record.Key}') is not a JSON object");
    }
}
