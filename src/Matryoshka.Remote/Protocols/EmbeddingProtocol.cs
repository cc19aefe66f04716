using System.Text.Json;
using Matryoshka.Remote.Transport;

namespace Matryoshka.Remote.Protocols;

/// <summary>One request for vectors.</summary>
/// <param name="Model">The model's name on the wire.</param>
/// <param name="Texts">The texts as they are sent.</param>
/// <param name="Role">What they are.</param>
/// <param name="Dimensions">The components asked for; null to leave the field out.</param>
/// <param name="Base64">Whether to ask for base64 where the protocol has it.</param>
/// <param name="PromptName">The prompt that the server is to put before texts; null for none.</param>
internal readonly record struct EmbeddingRequest(string Model, ArraySegment<string> Texts, EmbeddingRole Role, int? Dimensions, bool Base64, string? PromptName);

/// <summary>The vectors of one answer, put in the order of the texts.</summary>
internal sealed class EmbeddingAnswer(int texts, int expected)
{
    private readonly float[]?[] vectors = new float[]?[texts];
    private int next;

    /// <summary>The tokens the server counted.</summary>
    public long? Tokens { get; set; }

    /// <summary>Whether no vector was read.</summary>
    public bool IsEmpty => next == 0;

    /// <summary>Reads the vector that the reader stands at.</summary>
    public float[] Vector(ref Utf8JsonReader reader) => VectorReader.Read(ref reader, expected);

    /// <summary>Puts a vector where its index says, or after the one before.</summary>
    public void Add(float[]? vector, int? index)
    {
        var at = index ?? next;
        next++;
        if (vector is null)
            throw Wrong("an entry without a vector");
        if (at < 0 || at >= vectors.Length)
            throw Wrong(index is null ? $"more than the {vectors.Length} vectors asked for" : $"a vector for text {at} of {vectors.Length}");
        if (vectors[at] is not null)
            throw Wrong($"two vectors for text {at}");
        vectors[at] = vector;
    }

    /// <summary>All vectors; none is null.</summary>
    /// <exception cref="RequestFailure">Texts are left without a vector.</exception>
    public float[]?[] Complete() => next == vectors.Length
        ? vectors
        : throw Wrong($"{next} vectors for {vectors.Length} texts, so they cannot be told apart");

    private static RequestFailure Wrong(string what) => new(FailureKind.Permanent, $"answered with {what}.");
}

/// <summary>How one kind of server is asked for vectors.</summary>
internal abstract class EmbeddingProtocol
{
    /// <summary>Writes the request's JSON.</summary>
    public abstract void Write(Utf8JsonWriter json, EmbeddingRequest request);

    /// <summary>Reads the answer's JSON.</summary>
    /// <exception cref="TruncatedAnswerException">It ends early.</exception>
    /// <exception cref="JsonException">It has another form.</exception>
    public abstract void Read(ref Utf8JsonReader reader, EmbeddingAnswer answer);

    public static EmbeddingProtocol Of(RemoteProvider provider) => provider switch
    {
        RemoteProvider.Tei => new TeiProtocol(),
        RemoteProvider.Ollama => new OllamaProtocol(),
        RemoteProvider.Cohere => new CohereProtocol(),
        RemoteProvider.Gemini => new GeminiProtocol(),
        _ => new OpenAIProtocol(provider),
    };

    protected static void WriteTexts(Utf8JsonWriter json, string name, ArraySegment<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>Reads a list of bare vectors.</summary>
    protected static void ReadVectors(ref Utf8JsonReader reader, EmbeddingAnswer answer)
    {
        JsonAnswer.Require(ref reader, JsonTokenType.StartArray, "the list of vectors");
        while (JsonAnswer.NextElement(ref reader))
            answer.Add(answer.Vector(ref reader), null);
    }

    /// <summary>Stands at the start of the answer's object.</summary>
    protected static void Open(ref Utf8JsonReader reader)
    {
        JsonAnswer.Step(ref reader);
        JsonAnswer.Require(ref reader, JsonTokenType.StartObject, "the answer");
    }
}
