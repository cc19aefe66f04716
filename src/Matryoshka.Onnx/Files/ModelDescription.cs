using System.Text.Json;

namespace Matryoshka.Onnx.Files;

/// <summary>What the small files of a Hugging Face-layout folder say about its model; every fact may be absent.</summary>
internal sealed record ModelDescription
{
    // Descriptions take kilobytes; a larger file is something else.
    private const long MaxBytes = 4 << 20;

    public string? NameInConfig { get; private init; }

    public string? ModelType { get; private init; }

    public int? HiddenSize { get; private init; }

    public int? MaxPositions { get; private init; }

    public int? PadId { get; private init; }

    public int[] NestedDimensions { get; private init; } = [];

    public bool? RawScores { get; private init; }

    public int? MaxSequence { get; private init; }

    public Pooling? Pooling { get; private init; }

    public int? PooledSize { get; private init; }

    public bool HasDense { get; private init; }

    public string? QueryPrompt { get; private init; }

    public string? DocumentPrompt { get; private init; }

    /// <exception cref="InvalidFormatException">A file is damaged or asks for something that is not supported.</exception>
    public static ModelDescription Read(string folder)
    {
        using var config = Open(folder, "config.json");
        using var sentence = Open(folder, "sentence_bert_config.json");
        using var tokenizer = Open(folder, "tokenizer_config.json");
        using var prompts = Open(folder, "config_sentence_transformers.json");
        var hasDense = ReadModules(folder, out var poolingFolder);
        using var pooling = Open(folder, Path.Join(poolingFolder, "config.json"));
        var (c, p) = (config?.RootElement ?? default, Get(prompts?.RootElement ?? default, "prompts"));
        var type = Text(c, "model_type");
        return new ModelDescription
        {
            NameInConfig = Text(c, "_name_or_path"),
            ModelType = type,
            HiddenSize = Number(c, "hidden_size") ?? Number(c, "n_embd"),
            MaxPositions = Positions(c, type),
            PadId = Number(c, "pad_token_id"),
            NestedDimensions = Numbers(Get(c, "matryoshka_dims")) is { Length: > 0 } dims ? dims : Numbers(Get(c, "matryoshka_dimensions")),
            RawScores = Activation(c)?.Contains("Identity", StringComparison.Ordinal),
            MaxSequence = Number(sentence?.RootElement ?? default, "max_seq_length") ?? Number(tokenizer?.RootElement ?? default, "model_max_length"),
            Pooling = pooling is null ? null : ReadPooling(pooling.RootElement, folder),
            PooledSize = Number(pooling?.RootElement ?? default, "word_embedding_dimension"),
            HasDense = hasDense,
            QueryPrompt = Text(p, "query"),
            DocumentPrompt = Text(p, "document") ?? Text(p, "passage"),
        };
    }

    // Position embeddings that are learnt end where the table ends; rotary ones are left to the recipe. RoBERTa's table
    // begins behind the padding id, two in.
    private static int? Positions(JsonElement config, string? type) => type switch
    {
        "bert" or "distilbert" or "electra" => Number(config, "max_position_embeddings"),
        "roberta" or "xlm-roberta" or "camembert" or "mpnet" => Number(config, "max_position_embeddings") - 2,
        _ => null,
    };

    private static string? Activation(JsonElement config) =>
        Text(Get(config, "sentence_transformers"), "activation_fn") ?? Text(config, "sbert_ce_default_activation_function");

    private static bool ReadModules(string folder, out string poolingFolder)
    {
        poolingFolder = "1_Pooling";
        using var modules = Open(folder, "modules.json", JsonValueKind.Array);
        if (modules is null)
            return false;
        var hasDense = false;
        foreach (var module in modules.RootElement.EnumerateArray())
        {
            var kind = Text(module, "type") ?? "";
            switch (kind[(kind.LastIndexOf('.') + 1)..])
            {
                case "Transformer" or "Normalize": break;
                case "Pooling": poolingFolder = Inside(Text(module, "path") ?? "", folder); break;
                case "Dense": hasDense = true; break;
                default: throw new InvalidFormatException($"'{Path.Join(folder, "modules.json")}' names the module '{kind}'; supported are Transformer, Pooling, Dense and Normalize.");
            }
        }
        return hasDense;
    }

    private static string Inside(string path, string folder) => !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..") ? path
        : throw new InvalidFormatException($"'{Path.Join(folder, "modules.json")}' points to '{path}', outside its folder.");

    private static Pooling ReadPooling(JsonElement config, string folder)
    {
        if (Get(config, "include_prompt").ValueKind == JsonValueKind.False)
            throw new InvalidFormatException($"The pooling of '{folder}' leaves the prompt's tokens out ('include_prompt': false), which is not supported.");
        var modes = Text(config, "pooling_mode") is { } named ? [named]
            : config.EnumerateObject().Where(m => m.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && m.Value.ValueKind == JsonValueKind.True).Select(m => m.Name["pooling_mode_".Length..]).ToList();
        return modes switch
        {
            ["mean_tokens" or "mean"] => Matryoshka.Pooling.Mean,
            ["cls_token" or "cls"] => Matryoshka.Pooling.Cls,
            ["lasttoken" or "last_token"] => Matryoshka.Pooling.LastToken,
            _ => throw new InvalidFormatException($"The pooling of '{folder}' is '{string.Join("' and '", modes)}'; supported are mean, cls and lasttoken, one at a time."),
        };
    }

    private static JsonDocument? Open(string folder, string name, JsonValueKind kind = JsonValueKind.Object)
    {
        var file = new FileInfo(Path.Join(folder, name));
        if (!file.Exists)
            return null;
        if (file.Length > MaxBytes)
            throw new InvalidFormatException($"'{file.FullName}' has more than {MaxBytes} bytes; it cannot be the description of a model.");
        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            return document.RootElement.ValueKind == kind ? document
                : throw new InvalidFormatException($"'{file.FullName}' is not an {kind} of JSON; it cannot be the description of a model.");
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"'{file.FullName}' is not well-formed JSON: {error.Message}", error);
        }
    }

    private static JsonElement Get(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement element, string name) => Get(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    // Limits of 1e30 stand for "none".
    private static int? Number(JsonElement element, string name) =>
        Get(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) && number >= 0 ? number : null;

    private static int[] Numbers(JsonElement list) => list.ValueKind != JsonValueKind.Array ? []
        : [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out _)).Select(e => e.GetInt32()).Order()];
}
