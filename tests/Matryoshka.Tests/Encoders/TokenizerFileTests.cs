using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class TokenizerFileTests
{
    public static TheoryData<string, string> Unsupported => new()
    {
        { "model.type=\"BPE\"", "its model is of the type 'BPE'; supported is WordPiece" },
        { "model.unk_token=\"<unk>\"", "lacks its unknown token '<unk>'" },
        { "model.unk_token=5", "'unk_token' is not a string" },
        { "model.max_input_chars_per_word=0", "whole number of 1 to 1000" },
        { "model.max_input_chars_per_word=1000000000", "whole number of 1 to 1000" },
        { "model.continuing_subword_prefix=\"\"", "'continuing_subword_prefix' is empty" },
        { "model.vocab=[]", "not an object of pieces and ids" },
        { "model.vocab={\"[UNK]\":-1}", "not a whole number of 0 to" },
        { "model.vocab={\"[UNK]\":1048575}", "not a whole number of 0 to" },
        { "model.vocab={\"[UNK]\":1.5}", "not a whole number of 0 to" },
        { "model.vocab={\"[UNK]\":\"1\"}", "not a whole number of 0 to" },
        { "model.vocab={}", "lacks its unknown token" },
        { "model=null", "its 'model' is not an object" },
        { "normalizer=null", "its normalizer is 'none'; supported is BertNormalizer" },
        { "normalizer={\"type\":\"Lowercase\"}", "its normalizer is 'Lowercase'; supported is BertNormalizer" },
        { "normalizer={\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"BertNormalizer\"},{\"type\":\"Strip\"}]}", "a sequence of several" },
        { "normalizer={\"type\":\"Sequence\",\"normalizers\":[]}", "a sequence without members" },
        { "normalizer.lowercase=\"yes\"", "'lowercase' is neither true nor false" },
        { "pre_tokenizer={\"type\":\"Whitespace\"}", "its pre-tokenizer is 'Whitespace'; supported is BertPreTokenizer" },
        { "added_tokens={}", "'added_tokens' are not a list" },
        { "added_tokens=[{\"id\":1}]", "no content or no id" },
        { "added_tokens=[{\"id\":-1,\"content\":\"x\"}]", "'id' is not a whole number" },
        { "added_tokens=[{\"id\":1,\"content\":\"new york\",\"normalized\":true}]", "'new york' is to be matched in normalised text" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void Anything_but_Berts_WordPiece_is_refused_with_what_is_supported(string change, string message)
    {
        var (path, value) = (change[..change.IndexOf('=')], change[(change.IndexOf('=') + 1)..]);
        var json = GoldenTokenTests.SmallJson(root =>
        {
            var names = path.Split('.');
            var owner = names.Length == 1 ? root : root[names[0]]!.AsObject();
            owner[names[^1]] = JsonNode.Parse(value);
        });
        var error = Assert.Throws<InvalidFormatException>(() => WordPieceTokenizer.Parse(json, "some.json"));
        Assert.Contains("some.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_of_one_normaliser_and_a_byte_order_mark_are_accepted()
    {
        var json = GoldenTokenTests.SmallJson(root =>
        {
            root["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"BertNormalizer","lowercase":true}]}""");
            root["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"}]}""");
        });
        var tokenizer = WordPieceTokenizer.Parse([0xEF, 0xBB, 0xBF, .. json], "some.json");
        Assert.Equal(2, tokenizer.CountTokens("Hello world"));
    }

    [Fact]
    public void Missing_parts_and_broken_Json_are_refused()
    {
        foreach (var name in new[] { "model", "normalizer", "pre_tokenizer" })
            Assert.Throws<InvalidFormatException>(() => WordPieceTokenizer.Parse(GoldenTokenTests.SmallJson(root => root.Remove(name)), "some.json"));
        foreach (var text in new[] { "", "[]", "{", "null", "{\"model\":{\"vocab\":{\"a\"" })
            Assert.Throws<InvalidFormatException>(() => WordPieceTokenizer.Parse(Encoding.UTF8.GetBytes(text), "some.json"));
        Assert.Throws<InvalidFormatException>(() => WordPieceTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "no-such-tokenizer.json")));
    }

    [Fact]
    public void A_file_cut_anywhere_or_with_any_byte_changed_is_read_or_refused_but_never_breaks()
    {
        var json = GoldenTokenTests.SmallJson();
        for (var length = 0; length < json.Length; length++)
            Assert.Throws<InvalidFormatException>(() => WordPieceTokenizer.Parse(json.AsSpan(0, length).ToArray(), "cut"));
        for (var i = 0; i < json.Length; i++)
        {
            var damaged = (byte[])json.Clone();
            damaged[i] ^= (byte)(1 << (i % 8));
            try
            {
                Assert.True(WordPieceTokenizer.Parse(damaged, "damaged").CountTokens("hello un\u00e9 [CLS]") > 0);
            }
            catch (InvalidFormatException error)
            {
                Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_identity_changes_with_the_vocabulary_and_the_settings_but_not_with_truncation()
    {
        static string Identity(Action<JsonObject>? change = null) => WordPieceTokenizer.Parse(GoldenTokenTests.SmallJson(change), "x").Identity;
        var plain = Identity();
        Assert.StartsWith("wordpiece:sha256:", plain, StringComparison.Ordinal);
        Assert.Equal(plain, Identity(root => root["truncation"] = null));
        Assert.NotEqual(plain, Identity(root => root["normalizer"]!["lowercase"] = false));
        Assert.NotEqual(plain, Identity(root => root["model"]!["vocab"]!["hello"] = 3));
        Assert.NotEqual(plain, Identity(root => root["added_tokens"] = new JsonArray()));
    }
}
