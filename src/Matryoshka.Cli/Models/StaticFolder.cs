using System.Text.Json;

namespace Matryoshka.Cli.Models;

/// <summary>Tells the folder of a static model from that of an ONNX model; some publishers put both into one.</summary>
internal static class StaticFolder
{
    /// <param name="folder">The folder.</param>
    /// <param name="file">The weights asked for, which then decide; null when none were.</param>
    public static bool Is(string folder, string? file)
    {
        if (file is not null)
            return file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
        if (Says(folder, "config.json", "\"model2vec\"") || Says(folder, "modules.json", ".StaticEmbedding\""))
            return true;
        return !HasOnnx(folder) && !HasOnnx(Path.Join(folder, "onnx"));
    }

    private static bool HasOnnx(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.onnx").Any();

    private static bool Says(string folder, string name, string word)
    {
        var file = new FileInfo(Path.Join(folder, name));
        if (!file.Exists || file.Length > 1 << 20)
            return false;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            return document.RootElement.GetRawText().Contains(word, StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            // Whoever loads the folder says what is wrong with it.
            return false;
        }
    }
}
