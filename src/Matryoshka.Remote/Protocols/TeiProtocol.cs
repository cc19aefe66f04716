using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>Hugging Face text-embeddings-inference, <c>/embed</c>: a bare list of vectors.</summary>
internal sealed class TeiProtocol : EmbeddingProtocol
{
    public override void Write(Utf8JsonWriter json, EmbeddingRequest request)
    {
        json.WriteStartObject();
        WriteTexts(json, "inputs", request.Texts);
        json.WriteBoolean("truncate", true);
        if (request.PromptName is { } prompt)
            json.WriteString("prompt_name", prompt);
        if (request.Dimensions is { } d)
            json.WriteNumber("dimensions", d);
        json.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        JsonAnswer.Step(ref reader);
        ReadVectors(ref reader, answer);
    }
}

/// <summary>What a TEI server says of itself at <c>/info</c>.</summary>
/// <param name="ModelId">The model it runs.</param>
/// <param name="MaxBatchTexts">Texts a request may carry.</param>
/// <param name="MaxInputTokens">Tokens after which it cuts a text.</param>
/// <param name="IsReranker">Whether it scores pairs instead of embedding texts.</param>
internal sealed record TeiInfo(string ModelId, int? MaxBatchTexts, int? MaxInputTokens, bool IsReranker)
{
    public static TeiInfo Read(ReadOnlySpan<byte> body)
    {
        var reader = JsonAnswer.Reader(body);
        JsonAnswer.Step(ref reader);
        JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "the answer");
        var info = new TeiInfo("", null, null, false);
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            switch (name)
            {
                case "model_id" when reader.TokenType == JsonTokenType.String:
                    info = info with { ModelId = reader.GetString()! };
                    break;
                case "max_client_batch_size" when reader.TokenType == JsonTokenType.Number:
                    info = info with { MaxBatchTexts = Math.Max(1, JsonAnswer.Int(ref reader, name)) };
                    break;
                case "max_input_length" when reader.TokenType == JsonTokenType.Number:
                    info = info with { MaxInputTokens = JsonAnswer.Int(ref reader, name) };
                    break;
                case "model_type" when reader.TokenType == JsonTokenType.StartObject:
                    while (JsonAnswer.NextProperty(ref reader, out var kind))
                    {
                        info = info with { IsReranker = info.IsReranker || kind is "reranker" or "classifier" };
                        JsonAnswer.Skip(ref reader);
                    }
                    break;
                default:
                    JsonAnswer.Skip(ref reader);
                    break;
            }
        }
        return info;
    }
}
