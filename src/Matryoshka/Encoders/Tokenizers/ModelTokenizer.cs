using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Matryoshka.Encoders;
using Matryoshka.Encoders.Tokenizers;

namespace Matryoshka;

/// <summary>What a transformer reads for one text or one pair of texts, special tokens included.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="TypeIds">For each token the text it belongs to as the model numbers them, 0 or 1.</param>
/// <param name="Untruncated">Number of tokens that the whole input has.</param>
public sealed record ModelInput(IReadOnlyList<int> Ids, IReadOnlyList<int> TypeIds, int Untruncated)
{
    /// <summary>Whether tokens were left out to stay within a limit.</summary>
    public bool IsTruncated => Untruncated > Ids.Count;
}

/// <summary>
/// The tokenizer of a transformer model as a Hugging Face <c>tokenizer.json</c> describes it: WordPiece (BERT), byte-pair
/// encoding (GPT-2, ModernBERT, Qwen, Gemma) and Unigram (XLM-R), with the normalisers, pre-tokenizers, added tokens and
/// special-token templates those models use. A component this library does not know is refused by its name. The file's
/// truncation and padding are not applied; a limit is given with each call. Thread-safe.
/// </summary>
public sealed class ModelTokenizer
{
    private const long MaxFileBytes = 256L << 20;

    private readonly WordPieceTokenizer? bert;
    private readonly Normalizer normalizer;
    private readonly PreTokenizer preTokenizer;
    private readonly TokenModel? model;
    private readonly AddedTokens verbatim, verbatimNormalized;
    private readonly Dictionary<string, int> addedIds = new(StringComparer.Ordinal);
    private readonly InputTemplate template;
    private readonly JsonPart? vocabularyOfBert;

    private ModelTokenizer(JsonPart root, ReadOnlySpan<byte> utf8Json)
    {
        var added = AddedTokens.Read(root);
        foreach (var token in added)
            addedIds[token.Content] = token.Id;
        var modelPart = root.Part("model");
        if (modelPart.IsNull)
            throw root.Bad("has no 'model'");
        normalizer = Normalizers.Parse(root.Part("normalizer"));
        preTokenizer = PreTokenizers.Parse(root.Part("pre_tokenizer"));
        template = InputTemplate.Parse(root.Part("post_processor"));
        if (IsBert(root, modelPart, added))
            bert = WordPieceTokenizer.Parse(utf8Json, root.File);
        else
            model = TokenModel.Parse(modelPart);
        verbatim = new AddedTokens(added.Where(t => !t.Normalized));
        verbatimNormalized = new AddedTokens(added.Where(t => t.Normalized).Select(t => t with { Content = normalizer(t.Content) }));
        MaxId = Math.Max(template.MaxId, Math.Max(bert?.MaxId ?? model!.Vocabulary.Values.Max(), addedIds.Values.DefaultIfEmpty(-1).Max()));
        Kind = modelPart.Type is { Length: > 0 } type ? type.ToLowerInvariant() : model!.GetType().Name.Replace("Model", "", StringComparison.Ordinal).ToLowerInvariant();
        Identity = Identify(root);
        PadId = root.Part("padding") is { IsNull: false } padding ? padding.Number("pad_id", 0, TokenModel.MaxPieces - 1) : null;
        vocabularyOfBert = bert is null ? null : modelPart;
    }

    /// <summary>The kind of model: <c>wordpiece</c>, <c>bpe</c> or <c>unigram</c>.</summary>
    public string Kind { get; }

    /// <summary>The kind and a hash of everything that decides a text's tokens, special tokens included: <c>bpe:sha256:...</c>.</summary>
    public string Identity { get; }

    /// <summary>The largest id an input can hold.</summary>
    public int MaxId { get; }

    /// <summary>The id that the file's padding names; null when it names none.</summary>
    public int? PadId { get; }

    /// <summary>Reads a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidFormatException">The file is missing, damaged, or has a component that is not supported; the message names it.</exception>
    public static ModelTokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new InvalidFormatException($"There is no tokenizer file '{path}'; give the path of a Hugging Face tokenizer.json.");
        if (file.Length > MaxFileBytes)
            throw new InvalidFormatException($"'{path}' has {file.Length} bytes; a tokenizer.json of at most {MaxFileBytes} is read.");
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the content of a <c>tokenizer.json</c>.</summary>
    /// <param name="utf8Json">The JSON in UTF-8.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidFormatException">It is damaged, or has a component that is not supported; the message names it.</exception>
    public static ModelTokenizer Parse(ReadOnlySpan<byte> utf8Json, string name)
    {
        if (utf8Json.StartsWith("\uFEFF"u8))
            utf8Json = utf8Json[3..];
        try
        {
            // Not disposed: the parts of the document are kept for look-ups by name.
            var document = JsonDocument.Parse(utf8Json.ToArray());
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidFormatException($"'{name}' is not a usable tokenizer.json: it is not an object.");
            return new ModelTokenizer(new JsonPart(document.RootElement, name, "it"), utf8Json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidFormatException($"'{name}' is not a usable tokenizer.json: {error.Message}", error);
        }
    }

    /// <summary>The number of special tokens around one text, or a pair of texts.</summary>
    public int SpecialTokens(bool pair = false) => template.SpecialTokens(pair);

    /// <summary>The id of a piece of the vocabulary or an added token, written exactly so.</summary>
    public bool TryFind(string token, out int id)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (addedIds.TryGetValue(token, out id))
            return true;
        if (model is not null)
            return model.Vocabulary.TryGetValue(token, out id);
        return vocabularyOfBert!.Value.Get("vocab").TryGetProperty(token, out var value) && value.TryGetInt32(out id);
    }

    /// <summary>The number of tokens of a text, without special tokens.</summary>
    public int CountTokens(ReadOnlySpan<char> text) => bert?.CountTokens(text) ?? Tokenize(text.ToString()).Count;

    /// <summary>The tokens of a text, without special tokens.</summary>
    public IReadOnlyList<int> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        Append(text, ids);
        return ids;
    }

    /// <summary>What a model reads for a text, special tokens included.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxTokens">The most tokens, special ones included; the text's last ones are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit leaves no room beside the special tokens.</exception>
    public ModelInput Encode(string text, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var room = Room(maxTokens, pair: false);
        var ids = new List<int>();
        Append(text, ids);
        return template.Build(Span(ids)[..Math.Min(ids.Count, room)], [], isPair: false, ids.Count + SpecialTokens());
    }

    /// <summary>What a model reads for two texts, special tokens included.</summary>
    /// <param name="first">The first text, e.g. a query.</param>
    /// <param name="second">The second text, e.g. a document.</param>
    /// <param name="maxTokens">The most tokens, special ones included; the longer text is cut first, then both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit leaves no room beside the special tokens.</exception>
    public ModelInput Encode(string first, string second, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var room = Room(maxTokens, pair: true);
        var (ids, others) = (new List<int>(), new List<int>());
        Append(first, ids);
        Append(second, others);
        var (firstKept, secondKept) = LongestFirst(ids.Count, others.Count, room);
        return template.Build(Span(ids)[..firstKept], Span(others)[..secondKept], isPair: true, ids.Count + others.Count + SpecialTokens(pair: true));
    }

    // The rule of the tokenizers library: cut the longer to the length of the shorter; if that is not enough, halves,
    // where the longer text takes the odd token.
    private static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        if (first + second <= room)
            return (first, second);
        var (shorter, longer) = (Math.Min(first, second), Math.Max(first, second));
        longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
            (shorter, longer) = (room / 2, (room / 2) + (room % 2));
        return first <= second ? (shorter, longer) : (longer, shorter);
    }

    private int Room(int? maxTokens, bool pair)
    {
        if (maxTokens is not { } most)
            return int.MaxValue;
        var special = SpecialTokens(pair);
        return most > special ? most - special
            : throw new ArgumentOutOfRangeException(nameof(maxTokens), maxTokens, $"The {special} special tokens leave no room for text; give at least {special + 1}.");
    }

    private void Append(string text, List<int> ids)
    {
        if (bert is not null)
        {
            var buffer = TokenBuffer.OfThread;
            bert.Tokenize(text, buffer, int.MaxValue, keepUnknown: true);
            ids.AddRange(buffer.Tokens);
            return;
        }
        text = WithoutLoneSurrogates(text);
        foreach (var (id, start, end) in verbatim.Split(text))
        {
            if (id >= 0)
                ids.Add(id);
            else
                AppendText(normalizer(text[start..end]), start == 0, ids);
        }
    }

    private void AppendText(string text, bool first, List<int> ids)
    {
        foreach (var (id, start, end) in verbatimNormalized.Split(text))
        {
            if (id >= 0)
                ids.Add(id);
            else
                foreach (var piece in preTokenizer(new Piece(text[start..end], first && start == 0)))
                    model!.Tokenize(piece.Text, ids);
        }
    }

    // UTF-8, which these tokenizers are defined on, cannot hold them.
    private static string WithoutLoneSurrogates(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.ToString());
        return clean.ToString();
    }

    private static Span<int> Span(List<int> ids) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids);

    // BERT's own combination; its white space falls away, so that tokens which eat white space around them change nothing.
    private static bool IsBert(JsonPart root, JsonPart model, List<VerbatimToken> added) =>
        model.Type == "WordPiece" && root.Part("normalizer").Type == "BertNormalizer" && root.Part("pre_tokenizer").Type == "BertPreTokenizer"
        && !added.Exists(token => token.Normalized);

    private string Identify(JsonPart root)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in (ReadOnlySpan<string>)["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model"])
        {
            var part = root.Get(name);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{name}\n")));
            if (part.ValueKind != JsonValueKind.Undefined)
                hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(part, TokenizerJsonContext.Default.JsonElement));
        }
        return $"{Kind}:sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class TokenizerJsonContext : System.Text.Json.Serialization.JsonSerializerContext;
