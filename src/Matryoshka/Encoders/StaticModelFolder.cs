using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>
/// Finds the files of a static model in a folder, as model2vec writes it (everything in the folder itself) or as
/// sentence-transformers does (<c>modules.json</c> names the folder of the StaticEmbedding module).
/// </summary>
/// <param name="Weights">Path of the safetensors file.</param>
/// <param name="Tokenizer">Path of the tokenizer.json.</param>
/// <param name="Config">What config.json says; empty when there is none.</param>
internal sealed record StaticModelFolder(string Weights, string Tokenizer, StaticModelConfig Config)
{
    private const string WeightsFile = "model.safetensors", TokenizerFile = "tokenizer.json";

    // A description of a model takes a few hundred bytes; a larger file is something else.
    private const int MaxConfigBytes = 1 << 20;

    public static StaticModelFolder Find(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidFormatException($"There is no folder '{folder}'; give the folder of a static model ({WeightsFile} and {TokenizerFile}).");
        var inner = ModuleFolder(folder);
        var (weights, tokenizer) = (Path.Combine(inner, WeightsFile), Path.Combine(inner, TokenizerFile));
        foreach (var needed in (ReadOnlySpan<string>)[weights, tokenizer])
            if (!File.Exists(needed))
                throw new InvalidFormatException($"'{folder}' is not the folder of a static model: there is no file '{needed}'.");
        var config = Path.Combine(inner, "config.json");
        if (!File.Exists(config))
            config = Path.Combine(folder, "config.json");
        return new StaticModelFolder(weights, tokenizer, File.Exists(config) ? StaticModelConfig.Parse(ReadSmall(config), config) : new StaticModelConfig());
    }

    private static string ModuleFolder(string folder)
    {
        var modules = Path.Combine(folder, "modules.json");
        if (File.Exists(modules))
            return Path.Combine(folder, ModulePath(modules));
        var usual = Path.Combine(folder, "0_StaticEmbedding");
        return Directory.Exists(usual) && !File.Exists(Path.Combine(folder, WeightsFile)) ? usual : folder;
    }

    // Any further module (a dense layer, say) would change the vectors; normalising is done here anyway.
    private static string ModulePath(string file)
    {
        string? path = null;
        try
        {
            using var document = JsonDocument.Parse(ReadSmall(file));
            foreach (var module in document.RootElement.EnumerateArray())
            {
                var type = module.GetProperty("type").GetString() ?? "";
                if (type.EndsWith(".StaticEmbedding", StringComparison.Ordinal) && path is null)
                    path = module.GetProperty("path").GetString() ?? "";
                else if (!type.EndsWith(".Normalize", StringComparison.Ordinal))
                    throw new InvalidFormatException($"'{file}' names the module '{type}'; supported are one StaticEmbedding and Normalize.");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidFormatException($"'{file}' is not a list of modules with a type and a path.", error);
        }
        if (path is null)
            throw new InvalidFormatException($"'{file}' names no StaticEmbedding module: this is not a static model.");
        if (Path.IsPathRooted(path) || path.Split('/', '\\').Contains(".."))
            throw new InvalidFormatException($"'{file}' points to '{path}', outside its folder.");
        return path;
    }

    private static byte[] ReadSmall(string path) => new FileInfo(path).Length is <= MaxConfigBytes
        ? File.ReadAllBytes(path)
        : throw new InvalidFormatException($"'{path}' has more than {MaxConfigBytes} bytes; it cannot be the description of a static model.");
}
