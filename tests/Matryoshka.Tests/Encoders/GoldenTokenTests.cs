using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka.Encoders;
using Xunit;

namespace Matryoshka.Tests.Encoders;

/// <summary>
/// Tokens and places recorded from the Hugging Face tokenizers library 0.23.2 (its own native code), over a small
/// vocabulary made for these tests under every normaliser setting, and over BERT's uncased vocabulary.
/// </summary>
public class GoldenTokenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Encoders", "Goldens");

    [Fact]
    public void Every_recorded_text_gives_the_recorded_tokens_and_places()
    {
        var failures = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(Path.Combine(Folder, "wordpiece.jsonl")))
        {
            count++;
            var golden = JsonNode.Parse(line)!.AsObject();
            var text = golden["text"]!.GetValue<string>();
            var tokens = new List<TokenSpan>();
            Tokenizer(golden).Tokenize(text, tokens);
            var ids = golden["ids"]!.AsArray().Select(n => n!.GetValue<int>());
            var places = golden["places"]!.AsArray().Select(n => n!.GetValue<int>());
            if (!tokens.Select(t => t.Id).SequenceEqual(ids) || !tokens.SelectMany(t => new[] { t.Start, t.Start + t.Length }).SequenceEqual(places))
                failures.Add($"{line}\n    got {string.Join(", ", tokens)}");
        }
        Assert.True(count > 700, "the goldens are missing");
        Assert.True(failures.Count == 0, $"{failures.Count} of {count} differ:\n" + string.Join('\n', failures.Take(10)));
    }

    [Fact]
    public void Broken_surrogates_vanish_like_U_FFFD()
    {
        var tokenizer = Small();
        Assert.Equal(Ids(tokenizer, "ab"), Ids(tokenizer, "a\uD800b"));
        Assert.Equal(Ids(tokenizer, "ab"), Ids(tokenizer, "a\uDC00b"));
        Assert.Equal(Ids(tokenizer, "a"), Ids(tokenizer, "a\uD83D"));
        Assert.Empty(Ids(tokenizer, "\uD800\uD800"));
    }

    [Fact]
    public void Counting_agrees_with_tokenising_and_truncation_in_the_file_is_ignored()
    {
        var tokenizer = Small();
        const string text = "hello world the a b hello world !!! [CLS] zzz";
        Assert.Equal(12, tokenizer.CountTokens(text));
        Assert.Equal(12, Ids(tokenizer, text).Length);
        Assert.Equal(0, tokenizer.CountTokens(""));
    }

    [Fact]
    public void A_limit_cuts_after_that_many_tokens_and_unknown_ones_may_be_left_out_of_the_count()
    {
        var tokenizer = Small();
        var buffer = new TokenBuffer(withPlaces: false);
        tokenizer.Tokenize("zzz a zzz b c x the", buffer, 3, keepUnknown: false);
        Assert.Equal(Ids(tokenizer, "a b c"), buffer.Tokens.ToArray());
        tokenizer.Tokenize("zzz a unaffable", buffer, 3, keepUnknown: true);
        Assert.Equal(Ids(tokenizer, "zzz a un"), buffer.Tokens.ToArray());
    }

    [Fact]
    public void A_longer_text_than_the_buffer_is_tokenised_whole()
    {
        var tokenizer = Small();
        var text = string.Concat(Enumerable.Repeat("hello, ", 5000));
        var tokens = new List<TokenSpan>();
        tokenizer.Tokenize(text, tokens);
        Assert.Equal(10_000, tokens.Count);
        Assert.Equal(new TokenSpan(tokens[1].Id, text.Length - 2, 1), tokens[^1]);
    }

    internal static WordPieceTokenizer Small() => WordPieceTokenizer.Load(Path.Combine(Folder, "small.tokenizer.json"));

    internal static byte[] SmallJson(Action<JsonObject>? change = null)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "small.tokenizer.json")))!.AsObject();
        change?.Invoke(json);
        return JsonSerializer.SerializeToUtf8Bytes(json);
    }

    private static readonly Dictionary<string, WordPieceTokenizer> Variants = [];

    // bert-base-uncased (Google, Apache-2.0).
    private static readonly Lazy<WordPieceTokenizer> Bert = new(() =>
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(Folder, "bert-uncased.tokenizer.json.gz")), CompressionMode.Decompress);
        var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return WordPieceTokenizer.Parse(bytes.ToArray(), "bert-uncased");
    });

    private static WordPieceTokenizer Tokenizer(JsonObject golden)
    {
        if (golden["tokenizer"]!.GetValue<string>() == "bert")
            return Bert.Value;
        var flags = golden.Where(field => field.Value!.GetValueKind() is JsonValueKind.True or JsonValueKind.False).ToList();
        var key = string.Join(',', flags);
        if (!Variants.TryGetValue(key, out var tokenizer))
        {
            var json = SmallJson(root =>
            {
                foreach (var (name, value) in flags)
                    root["normalizer"]![name] = value!.GetValue<bool>();
            });
            Variants[key] = tokenizer = WordPieceTokenizer.Parse(json, key);
        }
        return tokenizer;
    }

    private static int[] Ids(WordPieceTokenizer tokenizer, string text)
    {
        var tokens = new List<TokenSpan>();
        tokenizer.Tokenize(text, tokens);
        return [.. tokens.Select(t => t.Id)];
    }
}
