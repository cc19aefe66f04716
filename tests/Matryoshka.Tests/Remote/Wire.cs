using System.Globalization;
using System.Runtime.InteropServices;
using Matryoshka.Remote;
using Matryoshka.Tests.Collections;

namespace Matryoshka.Tests.Remote;

/// <summary>Answers in the documented shapes, and vectors that depend on nothing but their text.</summary>
internal static class Wire
{
    public static readonly ModelRecipe Recipe = TestVectors.Recipe() with { QueryPrompt = "q: ", DocumentPrompt = "d: " };

    /// <summary>The vector that every test server has for a text; not of length 1.</summary>
    public static float[] Vector(string text, int length = 32) => TestVectors.Vector(text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c)), length);

    /// <summary>The first components of a text's vector, scaled to length 1.</summary>
    public static float[] Unit(string text, int d = 32)
    {
        var vector = Vector(text)[..d];
        Truncation.Normalize(vector);
        return vector;
    }

    public static string Base64(float[] vector) => Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()));

    public static string Numbers(float[] vector) => "[" + string.Join(',', vector.Select(x => float.IsFinite(x) ? x.ToString("R", CultureInfo.InvariantCulture) : "null")) + "]";

    public static string OpenAI(IEnumerable<(int Index, float[] Vector)> vectors, bool base64 = true) =>
        $$$"""{"object":"list","model":"m","data":[{{{string.Join(',', vectors.Select(v => Entry(v.Index, v.Vector, base64)))}}}],"usage":{"prompt_tokens":7,"total_tokens":7}}""";

    private static string Entry(int index, float[] vector, bool base64) =>
        $$"""{"object":"embedding","index":{{index}},"embedding":{{(base64 ? $"\"{Base64(vector)}\"" : Numbers(vector))}} }""";

    /// <summary>Answers an OpenAI request honestly.</summary>
    public static Reply OpenAI(Received request)
    {
        var base64 = request.Json.GetProperty("encoding_format").GetString() == "base64";
        var d = request.Json.TryGetProperty("dimensions", out var asked) ? asked.GetInt32() : 32;
        return new(200, OpenAI(request.Texts().Select((t, i) => (i, Vector(t)[..d])), base64));
    }

    public static string Error(string message) => $$$"""{"error":{"message":"{{{message}}}","type":"invalid_request_error","param":null,"code":null}}""";

    /// <summary>Options that wait next to nothing between attempts.</summary>
    public static RemoteOptions Options(LoopbackServer server, int retries = 6, int? texts = null, bool? truncates = null, ModelRecipe? recipe = null, string? key = null, int concurrency = 4, bool? prompts = null, TimeSpan? timeout = null) => new()
    {
        Endpoint = server.Address,
        Recipe = recipe ?? Recipe,
        MaxRetries = retries,
        MaxBatchTexts = texts,
        ServerTruncation = truncates,
        ApiKey = key,
        MaxConcurrency = concurrency,
        ServerPrompts = prompts,
        Timeout = timeout ?? TimeSpan.FromSeconds(30),
        RetryDelay = TimeSpan.FromMilliseconds(1),
        MaxRetryDelay = TimeSpan.FromMilliseconds(20),
    };

    public static void AssertUnit(string sentText, ReadOnlyMemory<float> actual, int d = 32)
    {
        Xunit.Assert.Equal(d, actual.Length);
        var expected = Unit(sentText, d);
        for (var i = 0; i < d; i++)
            Xunit.Assert.Equal(expected[i], actual.Span[i], 1e-6);
    }
}
