namespace Matryoshka.Hub;

/// <summary>Which files of a repository are needed to run a model. The weights come last: where they are, all is.</summary>
internal static class ModelFileList
{
    private static readonly System.Buffers.SearchValues<char> Unsafe = System.Buffers.SearchValues.Create("\\:*?\"<>|");

    // Descriptions of the model and its tokenizer, wherever in the repository's root they are.
    private static readonly string[] Descriptions =
    [
        "config.json", "config_sentence_transformers.json", "modules.json", "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json",
        "tokenizer_config.json",
    ];

    private static readonly string[] UsualModels = ["onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx", "model_optimized.onnx"];

    /// <summary>Chooses among the files that exist.</summary>
    /// <param name="existing">Every path in the repository.</param>
    /// <param name="reference">What was asked for.</param>
    /// <param name="modelFile">The weights asked for; null for the usual ones.</param>
    public static List<string> Choose(IReadOnlyCollection<string> existing, ModelReference reference, string? modelFile)
    {
        var model = modelFile ?? Usual(existing, reference)
            ?? throw new HubException($"'{reference.Repository}' has no {(IsStatic(reference) ? "safetensors" : "ONNX")} file of a usual name{Listed(existing)}.");
        if (!existing.Contains(model))
            throw new HubException($"'{reference.Repository}' has no file '{model}'{Listed(existing)}.");
        // A static model in a module's folder has its tokenizer beside it.
        var beside = model.EndsWith(".safetensors", StringComparison.Ordinal) && model.Contains('/', StringComparison.Ordinal) ? model[..(model.LastIndexOf('/') + 1)] : "";
        var needed = existing.Where(path => Descriptions.Contains(path) || IsPooling(path) || (beside.Length > 0 && Descriptions.Contains(Below(path, beside)))).Order(StringComparer.Ordinal).ToList();
        needed.AddRange(existing.Where(path => IsDataOf(path, model)).Order(StringComparer.Ordinal));
        needed.Add(model);
        foreach (var path in needed)
            RequireSafe(path, reference.Repository);
        if (!needed.Any(path => path.EndsWith("tokenizer.json", StringComparison.Ordinal)))
            throw new HubException($"'{reference.Repository}' has no tokenizer.json, without which its texts cannot be tokenised; a repository with a converted copy of the model may have one.");
        return needed;
    }

    /// <summary>Refuses a path that would leave the folder it is meant for, or mean something else on another system.</summary>
    public static void RequireSafe(string path, string repository)
    {
        foreach (var part in path.Split('/'))
        {
            if (part.Length is 0 or > 200 || part is "." or ".." || part[^1] is '.' or ' ' || part.AsSpan().ContainsAny(Unsafe) || part.Any(char.IsControl))
                throw new HubException($"'{repository}' lists the file '{path}', whose name does not stay within a folder on every system; nothing of it was saved.");
        }
    }

    private static bool IsStatic(ModelReference reference) => reference.Entry?.Recipe.Pooling == Pooling.Static;

    private static string? Usual(IReadOnlyCollection<string> existing, ModelReference reference)
    {
        if (reference.Entry?.Artefacts.FirstOrDefault(a => a.Repository.Equals(reference.Repository, StringComparison.OrdinalIgnoreCase) && existing.Contains(a.Path)) is { } artefact)
            return artefact.Path;
        string[] models = IsStatic(reference) ? ["model.safetensors", "0_StaticEmbedding/model.safetensors"] : UsualModels;
        return models.FirstOrDefault(existing.Contains);
    }

    private static bool IsPooling(string path) => path.Length == "1_Pooling/config.json".Length && char.IsAsciiDigit(path[0]) && path.EndsWith("_Pooling/config.json", StringComparison.Ordinal);

    // Exporters write external data as model.onnx_data, model.onnx_data_1, model.onnx.data.
    private static bool IsDataOf(string path, string model) => Below(path, model) is ['_' or '.', 'd', 'a', 't', 'a', ..];

    private static string Below(string path, string start) => path.StartsWith(start, StringComparison.Ordinal) ? path[start.Length..] : "";

    private static string Listed(IEnumerable<string> existing)
    {
        var weights = existing.Where(path => path.EndsWith(".onnx", StringComparison.Ordinal) || path.EndsWith(".safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(12).ToList();
        return weights.Count == 0 ? "; it holds no such file" : $"; name one of {string.Join(", ", weights)}";
    }
}
