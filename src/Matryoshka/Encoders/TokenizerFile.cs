using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>A token that is matched verbatim in the raw text, before normalisation.</summary>
internal sealed record AddedToken(string Content, int Id, bool SingleWord);

/// <summary>
/// What a Hugging Face <c>tokenizer.json</c> says, as far as BERT's WordPiece goes. Its truncation, padding and
/// post-processor are not read: limits come from the recipe and static models use no special tokens.
/// </summary>
internal sealed class TokenizerFile
{
    // A word that may be longer than this costs quadratic time and a larger buffer for nothing: BERT's limit is 100.
    private const int MostCharsPerWord = 1000;

    private readonly string file;
    private readonly List<AddedToken> addedTokens = [];

    private TokenizerFile(string file) => this.file = file;

    public BertNormalizer Normalizer { get; private set; } = null!;

    public string UnknownToken { get; private set; } = "[UNK]";

    public string ContinuationPrefix { get; private set; } = "##";

    public int MaxCharsPerWord { get; private set; } = 100;

    public List<AddedToken> AddedTokens => addedTokens;

    public Vocabulary Vocabulary { get; private set; } = null!;

    /// <exception cref="InvalidFormatException">The file is not a tokenizer.json, or one of another kind; the message says which kind is supported.</exception>
    public static TokenizerFile Parse(ReadOnlySpan<byte> utf8Json, string name)
    {
        var parsed = new TokenizerFile(name);
        try
        {
            parsed.ReadRoot(utf8Json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidFormatException($"'{name}' is not well-formed JSON: {error.Message}", error);
        }
        return parsed;
    }

    private void ReadRoot(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
            json = json[3..];
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Bad("it is not an object");
        var preTokenized = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("normalizer"u8))
                Normalizer = ReadNormalizer(ref reader);
            else if (reader.ValueTextEquals("pre_tokenizer"u8))
                preTokenized = ReadPreTokenizer(ref reader);
            else if (reader.ValueTextEquals("added_tokens"u8))
                ReadAddedTokens(ref reader);
            else if (reader.ValueTextEquals("model"u8))
                ReadModel(ref reader);
            else
                Skip(ref reader);
        }
        while (reader.Read()) { }
        if (Vocabulary is null || Normalizer is null || !preTokenized)
            throw Bad("it lacks 'model', 'normalizer' or 'pre_tokenizer'. Supported is WordPiece with BertNormalizer and BertPreTokenizer");
    }

    private BertNormalizer ReadNormalizer(ref Utf8JsonReader reader)
    {
        var type = EnterOnly(ref reader, "normalizer", "normalizers"u8, out var sequence);
        bool? clean = null, cjk = null, strip = null, lower = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
                type = String(ref reader, "type");
            else if (reader.ValueTextEquals("clean_text"u8))
                clean = Flag(ref reader, "clean_text");
            else if (reader.ValueTextEquals("handle_chinese_chars"u8))
                cjk = Flag(ref reader, "handle_chinese_chars");
            else if (reader.ValueTextEquals("strip_accents"u8))
                strip = Flag(ref reader, "strip_accents");
            else if (reader.ValueTextEquals("lowercase"u8))
                lower = Flag(ref reader, "lowercase");
            else
                Skip(ref reader);
        }
        Leave(ref reader, "normalizer", type, "BertNormalizer", sequence);
        // Absent or null, stripping follows lowercase.
        return new BertNormalizer(clean ?? true, cjk ?? true, strip ?? lower ?? true, lower ?? true);
    }

    private bool ReadPreTokenizer(ref Utf8JsonReader reader)
    {
        var type = EnterOnly(ref reader, "pre-tokenizer", "pretokenizers"u8, out var sequence);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
                type = String(ref reader, "type");
            else
                Skip(ref reader);
        }
        Leave(ref reader, "pre-tokenizer", type, "BertPreTokenizer", sequence);
        return true;
    }

    // Enters the object under the reader, or the one object of a Sequence: a sequence of one is that one.
    private string EnterOnly(ref Utf8JsonReader reader, string what, ReadOnlySpan<byte> list, out bool sequence)
    {
        sequence = false;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return "none";
        var ahead = reader;
        if (!ahead.Read() || ahead.TokenType != JsonTokenType.PropertyName || !ahead.ValueTextEquals("type"u8)
            || !ahead.Read() || ahead.TokenType != JsonTokenType.String || !ahead.ValueTextEquals("Sequence"u8))
            return "unnamed";
        if (!ahead.Read() || ahead.TokenType != JsonTokenType.PropertyName || !ahead.ValueTextEquals(list)
            || !ahead.Read() || ahead.TokenType != JsonTokenType.StartArray || !ahead.Read() || ahead.TokenType != JsonTokenType.StartObject)
            throw Bad($"its {what} is a sequence without members");
        sequence = true;
        reader = ahead;
        return "unnamed";
    }

    private void Leave(ref Utf8JsonReader reader, string what, string type, string supported, bool sequence)
    {
        if (type != supported)
            throw Bad($"its {what} is '{type}'; supported is {supported}");
        if (sequence && (!reader.Read() || reader.TokenType != JsonTokenType.EndArray || !reader.Read() || reader.TokenType != JsonTokenType.EndObject))
            throw Bad($"its {what} is a sequence of several; supported is {supported} alone");
    }

    private void ReadAddedTokens(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Bad("its 'added_tokens' are not a list");
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            addedTokens.Add(ReadAddedToken(ref reader));
    }

    private AddedToken ReadAddedToken(ref Utf8JsonReader reader)
    {
        string? content = null;
        var id = -1;
        bool single = false, normalized = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
                content = String(ref reader, "content");
            else if (reader.ValueTextEquals("id"u8))
                id = Number(ref reader, "id", 0, PieceTable.MaxPieces - 1);
            else if (reader.ValueTextEquals("single_word"u8))
                single = Flag(ref reader, "single_word") ?? false;
            else if (reader.ValueTextEquals("normalized"u8))
                normalized = Flag(ref reader, "normalized") ?? false;
            else
                Skip(ref reader);
        }
        if (string.IsNullOrEmpty(content) || id < 0)
            throw Bad("one of its 'added_tokens' has no content or no id");
        if (normalized)
            throw Bad($"its added token '{content}' is to be matched in normalised text; supported are added tokens with \"normalized\": false");
        return new AddedToken(content, id, single);
    }

    private void ReadModel(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Bad("its 'model' is not an object");
        var kind = "WordPiece";
        Vocabulary? vocabulary = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("vocab"u8) && kind == "WordPiece")
                vocabulary = Vocabulary.Read(ref reader, file);
            else if (reader.ValueTextEquals("type"u8))
                kind = String(ref reader, "type");
            else if (reader.ValueTextEquals("unk_token"u8))
                UnknownToken = String(ref reader, "unk_token");
            else if (reader.ValueTextEquals("continuing_subword_prefix"u8))
                ContinuationPrefix = String(ref reader, "continuing_subword_prefix");
            else if (reader.ValueTextEquals("max_input_chars_per_word"u8))
                MaxCharsPerWord = Number(ref reader, "max_input_chars_per_word", 1, MostCharsPerWord);
            else
                Skip(ref reader);
        }
        if (kind != "WordPiece")
            throw Bad($"its model is of the type '{kind}'; supported is WordPiece");
        Vocabulary = vocabulary ?? throw Bad("its model has no 'vocab'");
        if (ContinuationPrefix.Length == 0)
            throw Bad("its 'continuing_subword_prefix' is empty");
    }

    private int Number(ref Utf8JsonReader reader, string field, int least, int most)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw Bad($"its '{field}' is not a whole number of {least} to {most}");
    }

    private string String(ref Utf8JsonReader reader, string field)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Bad($"its '{field}' is not a string");
    }

    private bool? Flag(ref Utf8JsonReader reader, string field)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Null => null,
            _ => throw Bad($"its '{field}' is neither true nor false"),
        };
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    private InvalidFormatException Bad(string what) => new($"'{file}' is not a usable tokenizer.json: {what}.");
}
