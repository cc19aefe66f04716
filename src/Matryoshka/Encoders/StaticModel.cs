using Matryoshka.Encoders;

namespace Matryoshka;

/// <summary>What a caller knows better than the files of a static model.</summary>
public sealed record StaticModelOptions
{
    /// <summary>The model's name as its publisher writes it; null takes <c>name</c> of config.json, else the folder's name.</summary>
    public string? Name { get; init; }

    /// <summary>The prefixes that may be used; null takes <c>nested_dimensions</c> of config.json, else the full size alone.</summary>
    public NestedDimensions? Dimensions { get; init; }

    /// <summary>Tokens after which a text is cut, 1 or more; null takes <c>seq_length</c> of config.json, else the writing library's default: 512 for model2vec, none for sentence-transformers.</summary>
    public int? MaxTokens { get; init; }
}

/// <summary>
/// A static embedding model: one row of numbers a token, and a text is the mean of its tokens' rows (model2vec;
/// sentence-transformers' StaticEmbedding). No attention, no special tokens, no GPU. Always L2-normalised at full size.
/// Thread-safe.
/// </summary>
public sealed class StaticModel
{
    private const int Model2VecDefaultTokens = 512;

    [ThreadStatic]
    private static float[]? factorsOfThread;

    private static readonly Lazy<StaticModel> Embedded = new(LoadEmbedded);

    private readonly EmbeddingTable table;
    private readonly Lazy<ModelRecipe> recipe;
    private readonly int maxTokens;
    private readonly bool keepUnknown, byRoot;

    private StaticModel(SafetensorsFile weights, WordPieceTokenizer tokenizer, StaticModelConfig config, StaticModelOptions options, string name, string? weightsSha256)
    {
        table = EmbeddingTable.Read(weights, out var isModel2Vec);
        Tokenizer = tokenizer;
        Name = name;
        if (tokenizer.MaxId >= table.TokenCount)
            throw new InvalidFormatException($"'{weights.Name}' has rows for {table.TokenCount} tokens, but its tokenizer yields ids up to {tokenizer.MaxId}.");
        if (options.MaxTokens is < 1)
            throw new InvalidFormatException($"{options.MaxTokens} tokens were given as the limit of a text; 1 or more is needed.");
        // Each library is followed in what it does with words it cannot spell: model2vec drops the unknown token
        // before it counts, sentence-transformers gives it its row like any other.
        keepUnknown = !isModel2Vec;
        var limit = options.MaxTokens ?? config.MaxTokens ?? (isModel2Vec ? Model2VecDefaultTokens : null);
        maxTokens = limit ?? int.MaxValue;
        byRoot = config.Pooling == Pooling.StaticRoot;
        var dimensions = Nested(config, options, weights.Name);
        // Lazy, because the hash reads every byte of the weights: a search does not need it until vectors are compared.
        recipe = new Lazy<ModelRecipe>(() => new ModelRecipe
        {
            Name = name,
            Dimensions = dimensions,
            Weights = "sha256:" + (weightsSha256 ?? weights.Sha256()),
            Pooling = config.Pooling,
            MaxTokens = limit,
            Tokenizer = tokenizer.Identity,
        });
        Dimensions = dimensions;
    }

    /// <summary>The model inside this library, <c>matryoshka/static-en-v1</c>: English, 512 dimensions nested at 32, 64, 128 and 256. Loaded at first use.</summary>
    public static StaticModel Default => Embedded.Value;

    /// <summary>The full dimension and the prefixes that may be used.</summary>
    public NestedDimensions Dimensions { get; }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>Everything that decides this model's vectors; the first use reads and hashes the weights.</summary>
    public ModelRecipe Recipe => recipe.Value;

    /// <summary>The model's tokenizer.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>
    /// Reads the folder of a static model: <c>model.safetensors</c> and <c>tokenizer.json</c> beside each other (model2vec,
    /// with <c>config.json</c>) or in <c>0_StaticEmbedding</c> (sentence-transformers). Tables of F32, F16, BF16 and
    /// I8, the last with a tensor <c>scales</c> of one F32 or F16 factor a row.
    /// </summary>
    /// <exception cref="InvalidFormatException">A file is missing, damaged, or of a kind not supported; the message names it.</exception>
    public static StaticModel Load(string folder, StaticModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new StaticModelOptions();
        var files = StaticModelFolder.Find(folder);
        var name = options.Name ?? files.Config.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return new StaticModel(SafetensorsFile.Open(files.Weights), WordPieceTokenizer.Load(files.Tokenizer), files.Config, options, name, weightsSha256: null);
    }

    /// <summary>Encodes a text at full size, L2-normalised.</summary>
    /// <param name="text">The text; what lies past the model's token limit is not read.</param>
    /// <param name="vector">Takes the vector; at least <see cref="NestedDimensions.Full"/> long.</param>
    /// <returns>False, with the vector all zero, when the text has no token that the model knows (an empty text, say) or its rows cancel out: it has no direction.</returns>
    public bool TryEncode(ReadOnlySpan<char> text, Span<float> vector) => TryEncode(text, vector, out _);

    /// <summary>Encodes a text at full size, L2-normalised, and counts the tokens that were pooled.</summary>
    /// <inheritdoc cref="TryEncode(ReadOnlySpan{char}, Span{float})"/>
    public bool TryEncode(ReadOnlySpan<char> text, Span<float> vector, out int tokens)
    {
        if (vector.Length < Dimensions.Full)
            throw new InvalidVectorException($"Room for {vector.Length} components was given; this model's vectors have {Dimensions.Full}.");
        vector = vector[..Dimensions.Full];
        var buffer = TokenBuffer.OfThread;
        Tokenizer.Tokenize(text, buffer, maxTokens, keepUnknown);
        tokens = buffer.Count;
        if (tokens == 0)
        {
            vector.Clear();
            return false;
        }
        var factors = factorsOfThread is { } enough && enough.Length >= tokens ? enough : factorsOfThread = new float[buffer.Ids.Length];
        var rows = TokenWeights.Weigh(buffer.Ids.AsSpan(0, tokens), factors, table.TokenCount, byRoot);
        table.Sum(buffer.Ids.AsSpan(0, rows), factors, vector);
        return Normalize(vector);
    }

    // The division by the number of tokens cancels out against the norm, so the sum stands for the mean.
    internal static bool Normalize(Span<float> vector)
    {
        double a = 0, b = 0, c = 0, d = 0;
        var i = 0;
        for (; i + 4 <= vector.Length; i += 4)
        {
            a += (double)vector[i] * vector[i];
            b += (double)vector[i + 1] * vector[i + 1];
            c += (double)vector[i + 2] * vector[i + 2];
            d += (double)vector[i + 3] * vector[i + 3];
        }
        for (; i < vector.Length; i++)
            a += (double)vector[i] * vector[i];
        var norm = Math.Sqrt(a + b + (c + d));
        if (!double.IsFinite(norm) || norm == 0)
        {
            vector.Clear();
            return false;
        }
        foreach (ref var x in vector)
            x = (float)(x / norm);
        return true;
    }

    private NestedDimensions Nested(StaticModelConfig config, StaticModelOptions options, string file)
    {
        var nested = options.Dimensions ?? (config.NestedDimensions is { } list ? NestedDimensions.Trained(list) : NestedDimensions.None(table.Dimensions));
        return nested.Full == table.Dimensions ? nested
            : throw new InvalidFormatException($"The nested dimensions {nested} end at {nested.Full}, but the rows of '{file}' have {table.Dimensions} components.");
    }

    // The hash of 16 MB and of the vocabulary would cost more than all the rest of the start: they stand in config.json,
    // and a test compares them with the files.
    private static StaticModel LoadEmbedded()
    {
        using var configStream = Resource("config.json");
        var configBytes = new byte[configStream.Length];
        configStream.ReadExactly(configBytes);
        var config = StaticModelConfig.Parse(configBytes, "config.json of the embedded model");
        using var tokenizerStream = Resource("tokenizer.json");
        var tokenizerBytes = new byte[tokenizerStream.Length];
        tokenizerStream.ReadExactly(tokenizerBytes);
        var tokenizer = WordPieceTokenizer.Parse(tokenizerBytes, "tokenizer.json of the embedded model", config.Tokenizer);
        var weights = SafetensorsFile.Open(Resource("model.safetensors"), "model.safetensors of the embedded model");
        return new StaticModel(weights, tokenizer, config, new StaticModelOptions(), config.Name!, config.WeightsSha256);
    }

    internal static Stream Resource(string name) =>
        typeof(StaticModel).Assembly.GetManifestResourceStream("Matryoshka.Default." + name)
        ?? throw new InvalidFormatException($"The embedded model lacks its file '{name}': this build of the library is damaged.");
}
