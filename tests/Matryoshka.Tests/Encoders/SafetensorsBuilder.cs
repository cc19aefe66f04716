using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Matryoshka.Tests.Encoders;

/// <summary>Writes safetensors files for tests, well-formed or not.</summary>
internal static class SafetensorsBuilder
{
    public static byte[] Raw(string header, byte[] data, ulong? claimed = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimed ?? (ulong)json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }

    public static byte[] File(params (string Name, string Type, long[] Shape, byte[] Data)[] tensors)
    {
        var offset = 0;
        var fields = new List<string>();
        foreach (var (name, type, shape, data) in tensors)
        {
            fields.Add($$"""
                "{{name}}":{"dtype":"{{type}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{offset}},{{offset + data.Length}}]}
                """);
            offset += data.Length;
        }
        return Raw("{" + string.Join(',', fields) + "}", [.. tensors.SelectMany(t => t.Data)]);
    }

    public static byte[] Bytes<T>(IEnumerable<T> values) where T : unmanaged => MemoryMarshal.AsBytes(values.ToArray().AsSpan()).ToArray();
}
