using System.Text.Json;
using Matryoshka.Remote.Transport;

namespace Matryoshka.Remote.Protocols;

/// <summary>The scores of one answer, by the documents' places.</summary>
internal sealed class RerankAnswer(int documents)
{
    private readonly HashSet<int> seen = [];

    public List<RerankResult> Results { get; } = [];

    public void Add(int? index, double? score)
    {
        if (index is not { } at || score is not { } value || !double.IsFinite(value))
            throw new RequestFailure(FailureKind.Permanent, "answered with a result that lacks its index or a finite score.");
        if (at < 0 || at >= documents || !seen.Add(at))
            throw new RequestFailure(FailureKind.Permanent, $"answered with a second or unknown document {at} of {documents}.");
        Results.Add(new(at, value));
    }
}

/// <summary>
/// Two shapes of reranking: that of Cohere, Jina, vLLM, Infinity and llama.cpp (<c>documents</c>, <c>results</c> with
/// <c>relevance_score</c>), and TEI's (<c>texts</c>, a bare list with <c>score</c>, no limit on the results).
/// </summary>
internal sealed class RerankProtocol(RemoteProvider provider)
{
    private readonly bool tei = provider == RemoteProvider.Tei;

    public bool TakesTopN => !tei;

    public void Write(Utf8JsonWriter json, string model, string query, ArraySegment<string> documents, int? topN)
    {
        json.WriteStartObject();
        if (!tei)
            json.WriteString("model", model);
        json.WriteString("query", query);
        json.WriteStartArray(tei ? "texts" : "documents");
        foreach (var document in documents)
            json.WriteStringValue(document);
        json.WriteEndArray();
        if (tei)
            json.WriteBoolean("truncate", true);
        else if (topN is { } n)
            json.WriteNumber("top_n", n);
        // These two send the documents back unless told not to.
        if (provider is RemoteProvider.Jina or RemoteProvider.Infinity)
            json.WriteBoolean("return_documents", false);
        json.WriteEndObject();
    }

    public void Read(ref Utf8JsonReader reader, RerankAnswer answer)
    {
        JsonAnswer.Step(ref reader);
        if (tei)
        {
            ReadList(ref reader, answer);
            return;
        }
        JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "the answer");
        while (JsonAnswer.NextProperty(ref reader, out var name))
        {
            if (name == "results")
                ReadList(ref reader, answer);
            else
                JsonAnswer.Skip(ref reader);
        }
    }

    private static void ReadList(ref Utf8JsonReader reader, RerankAnswer answer)
    {
        JsonAnswer.Require(ref reader, JsonTokenType.StartArray, "the results");
        while (JsonAnswer.NextElement(ref reader))
        {
            JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "a result");
            int? index = null;
            double? score = null;
            while (JsonAnswer.NextProperty(ref reader, out var name))
            {
                if (name == "index")
                    index = JsonAnswer.Int(ref reader, "an index");
                else if (name is "relevance_score" or "score" && reader.TokenType == JsonTokenType.Number)
                    score = reader.GetDouble();
                else
                    JsonAnswer.Skip(ref reader);
            }
            answer.Add(index, score);
        }
    }
}
