using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>One tensor to be written: its name, type as the format writes it, shape, and what writes its bytes.</summary>
internal sealed record TensorToWrite(string Name, string Type, long[] Shape, long Bytes, Action<Stream> Write);

/// <summary>Writes safetensors files: a length, a JSON header, the tensors end to end.</summary>
internal static class SafetensorsWriter
{
    // Blanks up to a multiple of 64, so that rows start on cache lines wherever the file does.
    private const int Alignment = 64;

    public static void Write(Stream stream, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors)
            tensor.Write(stream);
    }

    private static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var text = new StringBuilder("{\"__metadata__\":{");
        text.AppendJoin(',', metadata.Select(pair => $"{Quoted(pair.Key)}:{Quoted(pair.Value)}")).Append('}');
        long offset = 0;
        foreach (var tensor in tensors)
        {
            text.Append(CultureInfo.InvariantCulture, $",{Quoted(tensor.Name)}:{{\"dtype\":\"{tensor.Type}\",\"shape\":[{string.Join(',', tensor.Shape)}],\"data_offsets\":[{offset},{offset + tensor.Bytes}]}}");
            offset += tensor.Bytes;
        }
        var bytes = Encoding.UTF8.GetBytes(text.Append('}').ToString());
        var padded = (bytes.Length + sizeof(long) + Alignment - 1) / Alignment * Alignment - sizeof(long);
        var used = bytes.Length;
        Array.Resize(ref bytes, padded);
        bytes.AsSpan(used).Fill((byte)' ');
        return bytes;
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
