using System.Buffers.Binary;
using System.Text.Json;

namespace Matryoshka.Encoders;

/// <summary>
/// The header of a safetensors file: eight bytes of little-endian length, then that many bytes of JSON naming each
/// tensor's type, shape and place. Every number is checked before it is believed; what the format's own reader
/// refuses (gaps, overlaps, trailing bytes, duplicate names) is refused here too.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The limit of the format's reference reader.</summary>
    public const long MaxBytes = 100_000_000;

    // Nothing here reads tensors of a higher rank; the limit keeps the product of a hostile shape short.
    private const int MaxRank = 8;

    private readonly string file;
    private readonly long dataStart;
    private readonly long dataLength;

    private SafetensorsHeader(string file, long headerBytes, long fileLength)
    {
        this.file = file;
        dataStart = sizeof(ulong) + headerBytes;
        dataLength = fileLength - dataStart;
    }

    public Dictionary<string, Tensor> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>The header's length, as far as the first eight bytes and the file's length allow it.</summary>
    public static int CheckedLength(ReadOnlySpan<byte> start, long fileLength, string file)
    {
        if (start.Length < sizeof(ulong))
            throw Bad(file, $"it has {fileLength} bytes, fewer than the 8 of the header's length");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > MaxBytes)
            throw Bad(file, $"its header claims {length} bytes; at most {MaxBytes} are allowed");
        if (length > (ulong)(fileLength - sizeof(ulong)))
            throw Bad(file, $"its header claims {length} bytes, but only {fileLength - sizeof(ulong)} follow");
        return (int)length;
    }

    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long fileLength, string file)
    {
        var header = new SafetensorsHeader(file, json.Length, fileLength);
        if (json.Length == 0 || json[0] != (byte)'{')
            throw Bad(file, "its header does not begin with '{'");
        try
        {
            header.ReadObject(json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidFormatException($"'{file}' is not a safetensors file: its header is not well-formed JSON.", error);
        }
        header.CheckCoverage();
        return header;
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        reader.Read();
        var metadataSeen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
            {
                if (metadataSeen)
                    throw Bad(file, "'__metadata__' appears twice");
                metadataSeen = true;
                SkipMetadata(ref reader);
            }
            else if (!Tensors.TryAdd(name, ReadTensor(ref reader, name)))
            {
                throw Bad(file, $"tensor '{Shown(name)}' appears twice");
            }
        }
        // A second value after the object, or an object that never closes, makes Read throw.
        while (reader.Read()) { }
    }

    private void SkipMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad(file, "'__metadata__' is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Bad(file, "'__metadata__' holds something other than strings");
        }
    }

    private Tensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad(file, $"tensor '{Shown(name)}' is not described by an object");
        TensorType? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8) && type is null)
                type = ReadType(ref reader, name);
            else if (reader.ValueTextEquals("shape"u8) && shape is null)
                shape = ReadNumbers(ref reader, name, "shape", MaxRank);
            else if (reader.ValueTextEquals("data_offsets"u8) && offsets is null)
                offsets = ReadNumbers(ref reader, name, "data_offsets", 2);
            else
                throw Bad(file, $"tensor '{Shown(name)}' has an unknown or repeated field '{Shown(reader.GetString()!)}'");
        }
        if (type is null || shape is null || offsets is not { Length: 2 })
            throw Bad(file, $"tensor '{Shown(name)}' lacks its dtype, its shape or its two data_offsets");
        return Place(name, type.Value, shape, offsets[0], offsets[1]);
    }

    private TensorType ReadType(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            throw Bad(file, $"the dtype of tensor '{Shown(name)}' is not a string");
        var text = reader.GetString()!;
        return text switch
        {
            "I8" => TensorType.I8,
            "F16" => TensorType.F16,
            "BF16" => TensorType.BF16,
            "F32" => TensorType.F32,
            "F64" => TensorType.F64,
            "I32" => TensorType.I32,
            "I64" => TensorType.I64,
            _ => throw Bad(file, $"tensor '{Shown(name)}' has the type '{Shown(text)}'; known are I8, F16, BF16, F32, F64, I32, I64"),
        };
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field, int most)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Bad(file, $"the {field} of tensor '{Shown(name)}' is not a list");
        // Plain arrays, as this runs at every start: each instantiation of a list over numbers costs its compilation.
        var numbers = new long[most];
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Bad(file, $"the {field} of tensor '{Shown(name)}' holds something other than whole numbers of 0 to {long.MaxValue}");
            if (count == most)
                throw Bad(file, $"the {field} of tensor '{Shown(name)}' has more than {most} entries");
            numbers[count++] = number;
        }
        return numbers[..count];
    }

    private Tensor Place(string name, TensorType type, long[] shape, long begin, long end)
    {
        if (end < begin || end > dataLength)
            throw Bad(file, $"tensor '{Shown(name)}' claims bytes {begin} to {end} of the {dataLength} there are");
        // Divided instead of multiplied: a product of eight extents may exceed 64 bits.
        var most = (end - begin) / Tensor.ElementSize(type);
        long elements = Array.IndexOf(shape, 0L) >= 0 ? 0 : 1;
        for (var i = 0; i < shape.Length && elements > 0; i++)
            elements = shape[i] > most / elements ? long.MaxValue : elements * shape[i];
        if (elements > most || elements * Tensor.ElementSize(type) != end - begin)
            throw Bad(file, $"tensor '{Shown(name)}' is {type} [{string.Join(", ", shape)}] but claims {end - begin} bytes");
        return new Tensor(name, type, shape, dataStart + begin, end - begin);
    }

    // Sorted by place, each tensor must start where the one before it ended, and the last must end with the file.
    private void CheckCoverage()
    {
        var reached = dataStart;
        var placed = new List<Tensor>(Tensors.Values);
        placed.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
        foreach (var tensor in placed)
        {
            if (tensor.Offset != reached)
                throw Bad(file, $"tensor '{Shown(tensor.Name)}' {(tensor.Offset < reached ? "overlaps the one before it" : "leaves a gap before it")}");
            reached += tensor.Length;
        }
        if (reached != dataStart + dataLength)
            throw Bad(file, $"{dataStart + dataLength - reached} bytes follow the last tensor");
    }

    // Names come from the file: cut and cleaned, a message stays one line.
    private static string Shown(string name)
    {
        var cut = name.Length > 60 ? string.Concat(name.AsSpan(0, 60), "...") : name;
        return string.Concat(cut.Select(c => char.IsControl(c) ? '?' : c));
    }

    private static InvalidFormatException Bad(string file, string what) =>
        new($"'{file}' is not a usable safetensors file: {what}.");
}
