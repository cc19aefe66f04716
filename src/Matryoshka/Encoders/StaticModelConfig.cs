using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>What <c>config.json</c> says about a static model; every field may be absent.</summary>
internal sealed class StaticModelConfig
{
    // model2vec writes this where it means "no limit".
    private const int NoLimit = 1_000_000;

    public string? Name { get; private set; }

    public int[]? NestedDimensions { get; private set; }

    /// <summary>Tokens after which a text is cut.</summary>
    public int? MaxTokens { get; private set; }

    /// <summary>What a token that stands several times in a text counts for.</summary>
    public Pooling Pooling { get; private set; } = Pooling.Static;

    /// <summary>SHA-256 of the weights; believed only of the model inside this library, whose test proves it.</summary>
    public string? WeightsSha256 { get; private set; }

    /// <summary>Identity of the tokenizer; believed like <see cref="WeightsSha256"/>.</summary>
    public string? Tokenizer { get; private set; }

    public static StaticModelConfig Parse(ReadOnlySpan<byte> json, string file)
    {
        try
        {
            return Read(json, file);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidFormatException($"'{file}' is not a usable config.json of a static model: {error.Message}", error);
        }
    }

    // A reader instead of a document: this runs at every start of a process, where each type touched costs its compilation.
    private static StaticModelConfig Read(ReadOnlySpan<byte> json, string file)
    {
        var config = new StaticModelConfig();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new FormatException("it is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString();
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
                continue;
            if (field == "name")
                config.Name = reader.GetString();
            else if (field == "weights_sha256")
                config.WeightsSha256 = reader.GetString();
            else if (field == "tokenizer")
                config.Tokenizer = reader.GetString();
            else if (field == "seq_length")
                config.MaxTokens = Limit(reader.GetInt32(), file);
            else if (field == "pooling")
                config.Pooling = PoolingOf(reader.GetString(), file);
            else if (field == "nested_dimensions")
                config.NestedDimensions = ReadList(ref reader);
            else
                reader.Skip();
        }
        while (reader.Read()) { }
        return config;
    }

    private static int[] ReadList(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new FormatException("its 'nested_dimensions' are not a list");
        var list = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            list.Add(reader.GetInt32());
        return list.ToArray();
    }

    private static Pooling PoolingOf(string? name, string file) => name switch
    {
        "mean" => Pooling.Static,
        "root" => Pooling.StaticRoot,
        _ => throw new InvalidFormatException($"'{file}' has the 'pooling' '{name}'; 'mean' and 'root' are known: this library may be too old for the model."),
    };

    private static int? Limit(int tokens, string file) => tokens switch
    {
        < 1 => throw new InvalidFormatException($"'{file}' has the 'seq_length' {tokens}; 1 or more is needed."),
        >= NoLimit => null,
        _ => tokens,
    };
}
