using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka.Encoders;
using Matryoshka.Training.Checkpoints;
using Matryoshka.Training.Tables;
using Matryoshka.Vectors;

namespace Matryoshka.Training.Export;

/// <summary>
/// Writes a trained table as other libraries load it, and as this one ships it. The folder itself is a model2vec model and,
/// by its modules.json, a sentence-transformers one: F32 rows, tokenizer.json with the limit of tokens, config.json. The
/// folder <c>int8</c> in it holds a quarter of the bytes: one symmetric scale a row (the largest magnitude / 127).
/// </summary>
internal static class StaticModelWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(StaticTrainingOptions options, string name, byte[] tokenizerJson, TokenTable table)
    {
        ClearSpecial(tokenizerJson, table);
        var folder = options.Output;
        WriteWeights(Path.Join(folder, "model.safetensors"), [Floats(table)]);
        WriteText(Path.Join(folder, "tokenizer.json"), Tokenizer(tokenizerJson, options.MaxTokens).ToJsonString(Compact));
        WriteText(Path.Join(folder, "config.json"), Config(options, name).ToJsonString(Indented) + "\n");
        WriteText(Path.Join(folder, "modules.json"), Modules);
        Directory.CreateDirectory(Path.Join(folder, "1_Normalize"));
        WriteInt8(Path.Join(folder, "int8"), options, name, tokenizerJson, table);
    }

    // One file for both libraries: sentence-transformers takes the tensor 'embeddings' where 'embedding.weight' is not there.
    private const string Modules = """
        [
          {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"},
          {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"}
        ]

        """;

    // Libraries differ in whether unknown words count; a row of zeros makes them agree.
    private static void ClearSpecial(byte[] tokenizerJson, TokenTable table)
    {
        foreach (var token in JsonNode.Parse(tokenizerJson)!["added_tokens"]!.AsArray())
            if (token!["special"]?.GetValue<bool>() == true)
                table.Row(token["id"]!.GetValue<int>()).Clear();
    }

    private static void WriteInt8(string folder, StaticTrainingOptions options, string name, byte[] tokenizerJson, TokenTable table)
    {
        Directory.CreateDirectory(folder);
        var (codes, scales) = (new sbyte[table.Rows.Length], new float[table.Tokens]);
        for (var token = 0; token < table.Tokens; token++)
        {
            scales[token] = Int8Codec.ScaleOf(table.Row(token));
            Int8Codec.Encode(table.Row(token), scales[token], codes.AsSpan(token * table.Dimensions, table.Dimensions));
        }
        var weights = Path.Join(folder, "model.safetensors");
        WriteWeights(weights,
        [
            new("embeddings", "I8", [table.Tokens, table.Dimensions], codes.Length, stream => stream.Write(MemoryMarshal.AsBytes(codes.AsSpan()))),
            new("scales", "F32", [table.Tokens], 4 * table.Tokens, stream => stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()))),
        ]);
        var compact = Encoding.UTF8.GetBytes(Tokenizer(tokenizerJson, null).ToJsonString(Compact));
        WriteText(Path.Join(folder, "tokenizer.json"), Encoding.UTF8.GetString(compact));
        var config = Config(options, name);
        using (var file = File.OpenRead(weights))
            config["weights_sha256"] = Convert.ToHexStringLower(SHA256.HashData(file));
        config["tokenizer"] = WordPieceTokenizer.Parse(compact, "tokenizer.json").Identity;
        WriteText(Path.Join(folder, "config.json"), config.ToJsonString(Indented) + "\n");
    }

    private static TensorToWrite Floats(TokenTable table) => new("embeddings", "F32", [table.Tokens, table.Dimensions], 4 * table.Rows.Length, stream =>
    {
        for (var token = 0; token < table.Tokens; token++)
            stream.Write(MemoryMarshal.AsBytes(table.Row(token)));
    });

    private static JsonObject Config(StaticTrainingOptions options, string name)
    {
        var nested = new JsonArray();
        foreach (var d in options.Dimensions)
            nested.Add((JsonNode)d);
        return new JsonObject
        {
            ["model_type"] = "model2vec",
            ["architectures"] = new JsonArray((JsonNode)"StaticModel"),
            ["hidden_dim"] = options.Dimensions[^1],
            ["normalize"] = true,
            ["nested_dimensions"] = nested,
            ["pooling"] = options.Pooling == StaticPooling.Root ? "root" : "mean",
            ["seq_length"] = options.MaxTokens,
            ["name"] = name,
        };
    }

    private static JsonObject Tokenizer(byte[] json, int? maxTokens)
    {
        var root = JsonNode.Parse(json)!.AsObject();
        root["padding"] = null;
        root["truncation"] = maxTokens is { } most
            ? new JsonObject { ["direction"] = "Right", ["max_length"] = most, ["strategy"] = "LongestFirst", ["stride"] = 0 } : null;
        return root;
    }

    private static void WriteWeights(string path, TensorToWrite[] tensors) =>
        WholeFile.Write(path, stream => SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" }));

    private static void WriteText(string path, string text) => WholeFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
