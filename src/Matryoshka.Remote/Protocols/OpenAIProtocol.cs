using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>
/// OpenAI's <c>/embeddings</c> and those that answer in its shape. Voyage and Jina name the request's fields otherwise; vLLM
/// cuts long texts only when told to.
/// </summary>
internal sealed class OpenAIProtocol(RemoteProvider provider) : EmbeddingProtocol
{
    public override void Write(Utf8JsonWriter json, EmbeddingRequest request)
    {
        var query = request.Role == EmbeddingRole.Query;
        json.WriteStartObject();
        json.WriteString("model", request.Model);
        WriteTexts(json, "input", request.Texts);
        switch (provider)
        {
            case RemoteProvider.Voyage:
                json.WriteString("input_type", query ? "query" : "document");
                json.WriteBoolean("truncation", true);
                json.WriteString("output_dtype", "float");
                break;
            case RemoteProvider.Jina:
                // Models before the third have no tasks.
                if (!request.Model.Contains("-v2", StringComparison.Ordinal))
                    json.WriteString("task", query ? "retrieval.query" : "retrieval.passage");
                json.WriteBoolean("truncate", true);
                json.WriteString("embedding_type", "float");
                break;
            default:
                json.WriteString("encoding_format", request.Base64 ? "base64" : "float");
                if (provider == RemoteProvider.Vllm)
                    json.WriteNumber("truncate_prompt_tokens", -1);
                break;
        }
        if (request.Dimensions is { } d)
            json.WriteNumber(provider == RemoteProvider.Voyage ? "output_dimension" : "dimensions", d);
        json.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        Open(ref reader);
        while (JsonAnswer.NextProperty(ref reader, out var name))
            switch (name)
            {
                case "data":
                    JsonAnswer.Require(ref reader, JsonTokenType.StartArray, "data");
                    while (JsonAnswer.NextElement(ref reader))
                        ReadEntry(ref reader, answer);
                    break;
                case "usage" when reader.TokenType == JsonTokenType.StartObject:
                    ReadUsage(ref reader, answer);
                    break;
                default:
                    JsonAnswer.Skip(ref reader);
                    break;
            }
    }

    private static void ReadEntry(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "an entry of data");
        int? index = null;
        float[]? vector = null;
        while (JsonAnswer.NextProperty(ref reader, out var name))
            switch (name)
            {
                case "index":
                    index = JsonAnswer.Int(ref reader, "an index");
                    break;
                case "embedding":
                    vector = answer.Vector(ref reader);
                    break;
                default:
                    JsonAnswer.Skip(ref reader);
                    break;
            }
        answer.Add(vector, index);
    }

    private static void ReadUsage(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            // Voyage gives the total alone.
            if (name == "prompt_tokens" || (name == "total_tokens" && answer.Tokens is null))
                answer.Tokens = JsonAnswer.Count(ref reader) ?? answer.Tokens;
            JsonAnswer.Skip(ref reader);
        }
    }
}
