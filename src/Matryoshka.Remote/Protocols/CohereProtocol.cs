using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>Cohere's <c>/v2/embed</c>.</summary>
internal sealed class CohereProtocol : EmbeddingProtocol
{
    public override void Write(Utf8JsonWriter json, EmbeddingRequest request)
    {
        json.WriteStartObject();
        json.WriteString("model", request.Model);
        WriteTexts(json, "texts", request.Texts);
        json.WriteString("input_type", request.Role == EmbeddingRole.Query ? "search_query" : "search_document");
        json.WriteStartArray("embedding_types");
        json.WriteStringValue("float");
        json.WriteEndArray();
        json.WriteString("truncate", "END");
        if (request.Dimensions is { } d)
            json.WriteNumber("output_dimension", d);
        json.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        Open(ref reader);
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name == "embeddings" && reader.TokenType == JsonTokenType.StartObject)
                ReadTypes(ref reader, answer);
            else if (name == "meta" && reader.TokenType == JsonTokenType.StartObject)
                ReadMeta(ref reader, answer);
            else
                JsonAnswer.Skip(ref reader);
        }
    }

    private static void ReadTypes(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        while (JsonAnswer.NextProperty(ref reader, out var type))
        {
            if (type is "float" or "float_")
                ReadVectors(ref reader, answer);
            else
                JsonAnswer.Skip(ref reader);
        }
    }

    private static void ReadMeta(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name == "billed_units" && reader.TokenType == JsonTokenType.StartObject)
                ReadMeta(ref reader, answer);
            else if (name == "input_tokens")
                answer.Tokens = JsonAnswer.Count(ref reader);
            else
                JsonAnswer.Skip(ref reader);
        }
    }
}
