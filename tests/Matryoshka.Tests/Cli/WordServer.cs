using System.Text;
using Matryoshka.Tests.Remote;

namespace Matryoshka.Tests.Cli;

/// <summary>
/// An embedding server of OpenAI's protocol that answers like a model: a text's vector is the sum of its words' vectors, so that
/// texts which share words lie near each other; and a reranker of TEI's protocol that counts shared words.
/// </summary>
internal sealed class WordServer : IDisposable
{
    public const int Dimensions = 256;

    /// <summary>The recipe that the server's model has in <see cref="Recipes"/>.</summary>
    public const string Name = "acme/words";

    public WordServer(Func<Received, Reply, Reply>? change = null) =>
        Server = new(request => change is null ? Answer(request) : change(request, Answer(request)));

    public LoopbackServer Server { get; }

    public string Endpoint => Server.Address.ToString();

    /// <summary>A file of recipes that describes the model, and says that it runs here.</summary>
    public string Recipes(string path, string nesting = """{"nesting": "trained", "sizes": [64, 128, 256]}""", string more = "") => Write(path, $$"""
        {
          "models": [{
            "recipe": {"name": "{{Name}}", "dimensions": {{nesting}}, "queryPrompt": "ask: ", "documentPrompt": "tell: "},
            "aliases": ["words"],
            "run": "compatible:served-words", "endpoint": "{{Endpoint}}"{{more}}
          }],
          "rerankers": [{"name": "shared-words", "run": "tei:", "endpoint": "{{Endpoint}}"}] // both at one address
        }
        """);

    public void Dispose() => Server.Dispose();

    public static string Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>The texts that were sent to be embedded, with their prompts.</summary>
    public string[] Embedded() => [.. Server.Requests.Where(request => request.Path.Split('?')[0].EndsWith("/embeddings", StringComparison.Ordinal)).SelectMany(request => request.Texts())];

    public static Reply Answer(Received request) => request.Path.Split('?')[0].EndsWith("/rerank", StringComparison.Ordinal) ? Rerank(request)
        : request.Path.Split('?')[0].EndsWith("/embeddings", StringComparison.Ordinal) ? new(200, Wire.OpenAI(request.Texts().Select((text, i) => (i, Vector(text)))))
        : new(404, "");

    public static float[] Vector(string text)
    {
        var sum = new float[Dimensions];
        foreach (var word in Words(text))
        {
            var random = new Random(word.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)));
            for (var i = 0; i < Dimensions; i++)
                sum[i] += random.NextSingle() - 0.5f;
        }
        return sum;
    }

    private static Reply Rerank(Received request)
    {
        var query = Words(request.Json.GetProperty("query").GetString()!).ToHashSet();
        var scores = request.Texts("texts").Select((text, i) => $$"""{"index":{{i}},"score":{{Words(text).Distinct().Count(query.Contains)}}}""");
        return new(200, Encoding.UTF8.GetBytes($"[{string.Join(',', scores)}]"));
    }

    private static string[] Words(string text) =>
        text.ToLowerInvariant().Split([' ', '.', ',', ';', ':', '?', '(', ')', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
