namespace Matryoshka.Encoders.Tokenizers;

/// <summary>Turns one piece of text into ids of a vocabulary.</summary>
internal abstract class TokenModel
{
    /// <summary>Far above any published vocabulary (Gemma's has 262,144 entries), low enough that a hostile file stays small in memory.</summary>
    public const int MaxPieces = 1 << 21;

    /// <summary>Ids by piece.</summary>
    public abstract IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>Appends the ids of a piece. Safe for concurrent use.</summary>
    public abstract void Tokenize(string piece, List<int> ids);

    public static TokenModel Parse(JsonPart model) => model.Type switch
    {
        "WordPiece" => new WordPieceModel(model),
        "BPE" => new BpeModel(model),
        "Unigram" => new UnigramModel(model),
        // Files of early versions leave the type out; what they hold tells.
        "" when model.Part("merges") is { IsNull: false } => new BpeModel(model),
        "" when model.Part("unk_id") is { IsNull: false } => new UnigramModel(model),
        "" when model.Part("max_input_chars_per_word") is { IsNull: false } => new WordPieceModel(model),
        _ => throw model.Unsupported("WordPiece, BPE and Unigram"),
    };

    protected static Dictionary<string, int> ReadVocabulary(JsonPart model)
    {
        var vocab = model.Get("vocab");
        if (vocab.ValueKind != System.Text.Json.JsonValueKind.Object)
            throw model.Bad("has no 'vocab', an object of pieces and ids");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocab.EnumerateObject())
        {
            if (entry.Value.ValueKind != System.Text.Json.JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id is < 0 or >= MaxPieces || ids.Count == MaxPieces)
                throw model.Bad($"has a 'vocab' whose ids are not {MaxPieces} or fewer whole numbers of 0 to {MaxPieces - 1}");
            ids[entry.Name] = id;
        }
        return ids;
    }

    /// <summary>The ids of the pieces <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c> where a text falls back to bytes; null where it does not.</summary>
    protected static int[]? ReadByteIds(JsonPart model, Dictionary<string, int> ids)
    {
        if (!model.Flag("byte_fallback", false))
            return null;
        return [.. Enumerable.Range(0, 256).Select(b => ids.GetValueOrDefault($"<0x{b:X2}>", -1))];
    }

    /// <summary>Appends the bytes of a text as pieces; false, with nothing appended, where one of them has none.</summary>
    protected static bool TryBytes(ReadOnlySpan<char> text, int[]? byteIds, List<int> ids)
    {
        if (byteIds is null)
            return false;
        Span<byte> utf8 = stackalloc byte[4];
        var before = ids.Count;
        foreach (var rune in text.EnumerateRunes())
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                ids.Add(byteIds[b]);
        if (ids.IndexOf(-1, before) < 0)
            return true;
        ids.RemoveRange(before, ids.Count - before);
        return false;
    }
}
