using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka;
using Matryoshka.Encoders;

/// <summary>
/// Turns a model2vec folder with an F16 or F32 table into the files the library embeds: int8 rows with one symmetric
/// scale each, a tokenizer.json without blanks, and a config.json with the hashes the start-up believes.
/// </summary>
internal static class ConvertStaticModel
{
    public static int Run(string[] args)
    {
        if (args.Length != 3)
        {
            Console.Error.WriteLine("usage: convert <model2vec folder> <target folder> <model name>");
            return 2;
        }
        var (source, target) = (args[0], args[1]);
        Directory.CreateDirectory(target);
        var weights = Quantize(SafetensorsFile.Open(Path.Combine(source, "model.safetensors")));
        File.WriteAllBytes(Path.Combine(target, "model.safetensors"), weights);
        var tokenizer = Compact(File.ReadAllText(Path.Combine(source, "tokenizer.json")));
        File.WriteAllBytes(Path.Combine(target, "tokenizer.json"), tokenizer);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        config["name"] = args[2];
        config["weights_sha256"] = Convert.ToHexStringLower(SHA256.HashData(weights));
        config["tokenizer"] = WordPieceTokenizer.Parse(tokenizer, "tokenizer.json").Identity;
        File.WriteAllText(Path.Combine(target, "config.json"), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        return 0;
    }

    private static byte[] Quantize(SafetensorsFile file)
    {
        var table = file.Find("embeddings") ?? throw new InvalidFormatException($"'{file.Name}' has no tensor 'embeddings'.");
        var (rows, dimensions) = ((int)table.Shape[0], (int)table.Shape[1]);
        var values = Floats(file, table);
        var codes = new sbyte[values.Length];
        var scales = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var from = values.AsSpan(row * dimensions, dimensions);
            var largest = 0f;
            foreach (var x in from)
                largest = Math.Max(largest, Math.Abs(x));
            scales[row] = largest / 127;
            for (var d = 0; d < dimensions && largest > 0; d++)
                codes[(row * dimensions) + d] = (sbyte)MathF.Round(from[d] / scales[row]);
        }
        return Write(codes, scales, rows, dimensions);
    }

    private static byte[] Write(sbyte[] codes, float[] scales, int rows, int dimensions)
    {
        var end = codes.Length + (4 * rows);
        var header = $$"""{"__metadata__":{"format":"pt"},"embeddings":{"dtype":"I8","shape":[{{rows}},{{dimensions}}],"data_offsets":[0,{{codes.Length}}]},"scales":{"dtype":"F32","shape":[{{rows}}],"data_offsets":[{{codes.Length}},{{end}}]} }""";
        // Blanks up to a multiple of 64, so that rows start on cache lines wherever the file does.
        header = header.PadRight(((header.Length + 8 + 63) / 64 * 64) - 8);
        var bytes = new byte[8 + header.Length + end];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        Encoding.ASCII.GetBytes(header, bytes.AsSpan(8));
        MemoryMarshal.AsBytes(codes.AsSpan()).CopyTo(bytes.AsSpan(8 + header.Length));
        MemoryMarshal.AsBytes(scales.AsSpan()).CopyTo(bytes.AsSpan(8 + header.Length + codes.Length));
        return bytes;
    }

    private static float[] Floats(SafetensorsFile file, Tensor table)
    {
        var bytes = file.Bytes(table);
        if (table.Type == TensorType.F32)
            return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        if (table.Type != TensorType.F16)
            throw new InvalidFormatException($"The table of '{file.Name}' is {table.Type}; F16 or F32 is needed.");
        var halves = MemoryMarshal.Cast<byte, Half>(bytes);
        var values = new float[halves.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)halves[i];
        return values;
    }

    private static byte[] Compact(string json)
    {
        var tokenizer = JsonNode.Parse(json)!.AsObject();
        (tokenizer["truncation"], tokenizer["padding"]) = (null, null);
        return Encoding.UTF8.GetBytes(tokenizer.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }
}
