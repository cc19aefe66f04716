using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>An answer that ends before its JSON does.</summary>
internal sealed class TruncatedAnswerException() : Exception("The answer ended within its JSON.");

/// <summary>
/// Steps through an answer. The reader is told that more may follow, so that a missing end shows as such
/// (<see cref="TruncatedAnswerException"/>, worth another attempt) and not as wrong JSON (which is not).
/// </summary>
internal static class JsonAnswer
{
    public static Utf8JsonReader Reader(ReadOnlySpan<byte> body) => new(body, isFinalBlock: false, state: default);

    public static void Step(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            throw new TruncatedAnswerException();
    }

    /// <summary>Steps to the value of the next property; false at the object's end.</summary>
    public static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        Step(ref reader);
        name = "";
        if (reader.TokenType != JsonTokenType.PropertyName)
            return false;
        name = reader.GetString()!;
        Step(ref reader);
        return true;
    }

    /// <summary>Steps to the next element; false at the array's end.</summary>
    public static bool NextElement(ref Utf8JsonReader reader)
    {
        Step(ref reader);
        return reader.TokenType != JsonTokenType.EndArray;
    }

    /// <summary>Passes over the value the reader stands at.</summary>
    public static void Skip(ref Utf8JsonReader reader)
    {
        if (!reader.TrySkip())
            throw new TruncatedAnswerException();
    }

    /// <summary>Requires the start of an object or array here.</summary>
    /// <exception cref="JsonException">Something else stands here.</exception>
    public static void Require(ref Utf8JsonReader reader, JsonTokenType token, string what)
    {
        if (reader.TokenType != token)
            throw new JsonException($"{what}: {token} was expected, not {reader.TokenType}");
    }

    public static int Int(ref Utf8JsonReader reader, string what) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : throw new JsonException($"{what} is not an integer");

    public static long? Count(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : null;
}
