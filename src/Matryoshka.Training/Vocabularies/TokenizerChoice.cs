using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Vocabularies;

/// <summary>The tokenizer that a model is trained with: one given, the library's own, or one whose vocabulary is trained first.</summary>
internal static class TokenizerChoice
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <returns>The content of its tokenizer.json, and what it reads to.</returns>
    public static (byte[] Json, WordPieceTokenizer Tokenizer) Make(StaticTrainingOptions options, Work work, CancellationToken cancellationToken)
    {
        var json = Given(options.Tokenizer);
        if (options.VocabularySize is not null || options.AdaptVocabulary)
        {
            var words = WordCounts.Of(options, WordPieceTokenizer.Parse(json, "tokenizer"), work, cancellationToken);
            json = WithVocabulary(json, options.VocabularySize is { } size
                ? [.. Special, .. VocabularyTrainer.Train(words, size - Special.Length)]
                : [.. VocabularyAdapter.Adapt(Pieces(json), words)]);
        }
        return (json, WordPieceTokenizer.Parse(json, options.Tokenizer ?? "tokenizer"));
    }

    private static byte[] Given(string? path)
    {
        var own = StaticModel.Resource("tokenizer.json");
        var bytes = new byte[own.Length];
        own.ReadExactly(bytes);
        if (path is null)
            return bytes;
        if (!File.Exists(path))
            throw new TrainingException($"There is no file '{path}': give a tokenizer.json or a vocab.txt.");
        return path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) ? WithVocabulary(bytes, Lines(path)) : File.ReadAllBytes(path);
    }

    private static string[] Lines(string path)
    {
        var pieces = File.ReadAllLines(path);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < pieces.Length; i++)
            if (pieces[i].Length == 0 || !seen.Add(pieces[i]))
                throw new InvalidFormatException($"Line {i + 1} of '{path}' {(pieces[i].Length == 0 ? "is empty" : $"repeats the piece '{pieces[i]}'")}; a vocabulary has one piece a line, each once.");
        return seen.Contains("[UNK]") ? pieces : throw new InvalidFormatException($"The vocabulary '{path}' lacks the piece [UNK], which stands for what it cannot spell.");
    }

    private static List<string> Pieces(byte[] json) =>
        [.. JsonNode.Parse(json)!["model"]!["vocab"]!.AsObject().OrderBy(pair => pair.Value!.GetValue<int>()).Select(pair => pair.Key)];

    // The rules of the tokenizer, with other pieces.
    private static byte[] WithVocabulary(byte[] json, string[] pieces)
    {
        var root = JsonNode.Parse(json)!.AsObject();
        var vocabulary = new JsonObject();
        for (var id = 0; id < pieces.Length; id++)
            vocabulary[pieces[id]] = id;
        root["model"]!["vocab"] = vocabulary;
        var added = new JsonArray();
        foreach (var token in root["added_tokens"]!.AsArray())
        {
            var id = Array.IndexOf(pieces, token!["content"]!.GetValue<string>());
            if (id < 0)
                continue;
            var copy = token.DeepClone();
            copy["id"] = id;
            added.Add(copy);
        }
        root["added_tokens"] = added;
        root["post_processor"] = null;
        return Encoding.UTF8.GetBytes(root.ToJsonString(Compact));
    }
}
