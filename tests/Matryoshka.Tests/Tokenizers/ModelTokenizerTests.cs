using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Matryoshka.Tests.Encoders;
using Xunit;

namespace Matryoshka.Tests.Tokenizers;

/// <summary>
/// Ids recorded from the Hugging Face tokenizers library 0.23.2 (its own native code) over small tokenizers made for
/// these tests in the shape of ModernBERT's, Qwen's, Llama 3's, RoBERTa's, Gemma's and XLM-R's.
/// </summary>
public class ModelTokenizerTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Tokenizers", "Goldens");
    private static readonly Dictionary<string, ModelTokenizer> Loaded = [];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [Fact]
    public void Every_recorded_text_and_pair_gives_the_recorded_ids()
    {
        var failures = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(Path.Combine(Folder, "models.jsonl")))
        {
            count++;
            var golden = JsonNode.Parse(line)!.AsObject();
            var tokenizer = Load(golden["tokenizer"]!.GetValue<string>());
            var text = golden["text"]!.GetValue<string>();
            int? most = golden["max"] is { } max && max.GetValue<int>() > 0 ? max.GetValue<int>() : null;
            var input = golden["pair"] is { } pair ? tokenizer.Encode(text, pair.GetValue<string>(), most) : tokenizer.Encode(text, most);
            var right = Ids(golden, "input").SequenceEqual(input.Ids)
                && (golden["ids"] is null || Ids(golden, "ids").SequenceEqual(tokenizer.Tokenize(text)))
                && (golden["types"] is null || Ids(golden, "types").SequenceEqual(input.TypeIds));
            if (!right)
                failures.Add($"{line}\n    got {string.Join(",", input.Ids)} types {string.Join(",", input.TypeIds)}");
        }
        Assert.True(count > 700, "the goldens are missing");
        Assert.True(failures.Count == 0, $"{failures.Count} of {count} differ:\n" + string.Join('\n', failures.Take(12)));
    }

    [Fact]
    public void Berts_own_vocabulary_gives_the_ids_that_its_documentation_shows()
    {
        if (SharedData.Find(Path.Combine("data", "tokenizers", "bert-base-uncased", "tokenizer.json")) is not { } file)
            return;
        var bert = ModelTokenizer.Load(file);
        Assert.Equal("wordpiece", bert.Kind);
        Assert.Equal([101, 7592, 1010, 2088, 999, 102], bert.Encode("Hello, world!").Ids);
        var pair = bert.Encode("hello", "world");
        Assert.Equal([101, 7592, 102, 2088, 102], pair.Ids);
        Assert.Equal([0, 0, 0, 1, 1], pair.TypeIds);
        Assert.True(bert.TryFind("[PAD]", out var pad) && pad == 0);
        Assert.True(bert.TryFind("hello", out var hello) && hello == 7592);
        Assert.False(bert.TryFind("no such piece", out _));
        Assert.Equal(30521, bert.MaxId);
    }

    [Fact]
    public void Truncation_is_reported_and_keeps_special_tokens()
    {
        var tokenizer = Load("modernbert");
        var whole = tokenizer.Encode("The quick brown fox jumps over the lazy dog.");
        Assert.False(whole.IsTruncated);
        for (var most = 3; most < whole.Ids.Count; most++)
        {
            var cut = tokenizer.Encode("The quick brown fox jumps over the lazy dog.", most);
            Assert.Equal(most, cut.Ids.Count);
            Assert.True(cut.IsTruncated);
            Assert.Equal(whole.Ids.Count, cut.Untruncated);
            Assert.Equal([.. whole.Ids.Take(most - 1), whole.Ids[^1]], cut.Ids);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("x", 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("x", "y", 3));
    }

    [Fact]
    public void Any_text_is_tokenised_to_ids_of_the_vocabulary_and_the_same_on_every_call()
    {
        string[] names = ["modernbert", "qwen", "gemma", "xlmr", "wordpiece", "first"];
        var letter = Gen.Frequency((6, Gen.Char[' ', '~']), (2, Gen.Char), (1, Gen.OneOf(' ', '\n', '\u0301', '\u2581', '\'', '\uD83D', '\uDE00')));
        letter.Array[0, 40].Select(chars => new string(chars)).Sample(text =>
        {
            foreach (var name in names)
            {
                var tokenizer = Load(name);
                var ids = tokenizer.Tokenize(text);
                Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.MaxId));
                Assert.Equal(ids, tokenizer.Tokenize(text));
                Assert.Equal(ids.Count, tokenizer.CountTokens(text));
                Assert.Equal(ids.Count + tokenizer.SpecialTokens(), tokenizer.Encode(text).Ids.Count);
            }
        }, iter: 400);
    }

    [Fact]
    public void A_long_text_without_spaces_takes_time_in_proportion()
    {
        var text = string.Concat(Enumerable.Repeat("thequickbrownfox", 20_000));
        foreach (var name in new[] { "modernbert", "gemma", "xlmr" })
            Assert.InRange(Load(name).CountTokens(text), 10_000, text.Length);
    }

    public static TheoryData<string, string, string> Unsupported => new()
    {
        { "normalizer", """{"type":"NFKC"}""", "its 'normalizer' is of the type 'NFKC', which is not supported" },
        { "normalizer", """{"type":"Sequence","normalizers":[{"type":"Nmt"}]}""", "one of 'normalizers' is of the type 'Nmt'" },
        { "normalizer", """{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}""", "the regular expression '\\s+'" },
        { "normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAA"}""", "not base64" },
        { "normalizer", """{"type":"Precompiled","precompiled_charsmap":"/////w=="}""", "with a trie of 4294967295" },
        { "pre_tokenizer", """{"type":"Whitespace"}""", "of the type 'Whitespace', which is not supported" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"}""", "the regular expression '\\w+'" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"String":" "},"behavior":"Dissolved"}""", "'Dissolved'" },
        { "pre_tokenizer", """{"type":"Metaspace","prepend_scheme":"often"}""", "'often'" },
        { "post_processor", """{"type":"Oddity"}""", "of the type 'Oddity'" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":0}}],"pair":[],"special_tokens":{}}""", "neither a Sequence nor one of its 'special_tokens'" },
        { "model", """{"type":"WordLevel","vocab":{"a":0}}""", "of the type 'WordLevel', which is not supported; supported are WordPiece, BPE and Unigram" },
        { "model", """{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}""", "'dropout' 0.1" },
        { "model", """{"type":"BPE","end_of_word_suffix":"_end","vocab":{"a":0},"merges":[]}""", "'end_of_word_suffix' \"_end\"" },
        { "model", """{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}""", "the merge \"a b\"" },
        { "model", """{"type":"BPE","vocab":{"a":-1},"merges":[]}""", "whole numbers of 0 to" },
        { "model", """{"type":"Unigram","vocab":[["a",0]]}""", "no 'unk_id'" },
        { "model", """{"type":"Unigram","unk_id":0,"vocab":[["a","x"]]}""", "entry 0 is not a piece and its score" },
        { "model", """{"type":"Unigram","unk_id":5,"vocab":[["a",0]]}""", "whole number of 0 to 0" },
        { "model", "null", "has no 'model'" },
        { "added_tokens", """[{"id":1}]""", "no content or no id" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void A_component_that_is_not_known_is_refused_by_its_name(string part, string json, string message)
    {
        var root = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "xlmr.tokenizer.json")))!.AsObject();
        root[part] = JsonNode.Parse(json);
        var error = Assert.Throws<InvalidFormatException>(() => ModelTokenizer.Parse(JsonSerializer.SerializeToUtf8Bytes(root), "some.json"));
        Assert.Contains("some.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xlmr")]
    [InlineData("splits")]
    public void A_file_cut_or_with_a_byte_changed_is_read_or_refused_but_never_breaks(string name)
    {
        var json = Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(Folder, name + ".tokenizer.json")).TrimEnd());
        var step = Math.Max(1, json.Length / 600);
        for (var length = 0; length < json.Length; length += step)
            Assert.Throws<InvalidFormatException>(() => ModelTokenizer.Parse(json.AsSpan(0, length).ToArray(), "cut"));
        for (var i = 0; i < json.Length; i += step)
        {
            var damaged = (byte[])json.Clone();
            damaged[i] ^= (byte)(1 << (i % 8));
            try
            {
                ModelTokenizer.Parse(damaged, "damaged").CountTokens("the quick e\u0301 \uFB01 --x a");
            }
            catch (InvalidFormatException error)
            {
                Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_identity_changes_with_what_changes_tokens_and_with_nothing_else()
    {
        static string Identity(Action<JsonObject>? change = null)
        {
            var root = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "qwen.tokenizer.json")))!.AsObject();
            change?.Invoke(root);
            return ModelTokenizer.Parse(JsonSerializer.SerializeToUtf8Bytes(root, change is null ? Indented : null), "x").Identity;
        }
        var plain = Identity();
        Assert.StartsWith("bpe:sha256:", plain, StringComparison.Ordinal);
        Assert.Equal(plain, Identity(root => root["truncation"] = JsonNode.Parse("""{"max_length":5}""")));
        Assert.NotEqual(plain, Identity(root => root["normalizer"] = null));
        Assert.NotEqual(plain, Identity(root => root["post_processor"] = null));
        Assert.NotEqual(plain, Identity(root => root["added_tokens"] = new JsonArray()));
    }

    internal static ModelTokenizer Load(string name)
    {
        lock (Loaded)
            return Loaded.TryGetValue(name, out var tokenizer) ? tokenizer : Loaded[name] = ModelTokenizer.Load(Path.Combine(Folder, name + ".tokenizer.json"));
    }

    private static IEnumerable<int> Ids(JsonObject golden, string name) => golden[name]!.AsArray().Select(id => id!.GetValue<int>());
}
