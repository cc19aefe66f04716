using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>Gemini's <c>models/NAME:batchEmbedContents</c>: one request a text inside one request.</summary>
internal sealed class GeminiProtocol : EmbeddingProtocol
{
    public override void Write(Utf8JsonWriter json, EmbeddingRequest request)
    {
        json.WriteStartObject();
        json.WriteStartArray("requests");
        foreach (var text in request.Texts)
        {
            json.WriteStartObject();
            json.WriteString("model", $"models/{request.Model}");
            json.WriteStartObject("content");
            json.WriteStartArray("parts");
            json.WriteStartObject();
            json.WriteString("text", text);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteString("taskType", request.Role == EmbeddingRole.Query ? "RETRIEVAL_QUERY" : "RETRIEVAL_DOCUMENT");
            if (request.Dimensions is { } d)
                json.WriteNumber("outputDimensionality", d);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        Open(ref reader);
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name != "embeddings")
            {
                JsonAnswer.Skip(ref reader);
                continue;
            }
            JsonAnswer.Require(ref reader, JsonTokenType.StartArray, "embeddings");
            while (JsonAnswer.NextElement(ref reader))
                ReadEntry(ref reader, answer);
        }
    }

    private static void ReadEntry(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "an embedding");
        float[]? vector = null;
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name == "values")
                vector = answer.Vector(ref reader);
            else
                JsonAnswer.Skip(ref reader);
        }
        answer.Add(vector, null);
    }
}
