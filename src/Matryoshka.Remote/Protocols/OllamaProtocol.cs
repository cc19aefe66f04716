using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>Ollama's <c>/api/embed</c>.</summary>
internal sealed class OllamaProtocol : EmbeddingProtocol
{
    public override void Write(Utf8JsonWriter json, EmbeddingRequest request)
    {
        json.WriteStartObject();
        json.WriteString("model", request.Model);
        WriteTexts(json, "input", request.Texts);
        json.WriteBoolean("truncate", true);
        if (request.Dimensions is { } d)
            json.WriteNumber("dimensions", d);
        json.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        Open(ref reader);
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name == "embeddings")
                ReadVectors(ref reader, answer);
            else if (name == "prompt_eval_count")
                answer.Tokens = JsonAnswer.Count(ref reader);
            else
                JsonAnswer.Skip(ref reader);
        }
    }
}
