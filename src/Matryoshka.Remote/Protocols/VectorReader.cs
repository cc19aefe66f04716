using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Matryoshka.Remote.Protocols;

/// <summary>Reads a vector: a list of numbers, or base64 of little-endian 32-bit floats.</summary>
internal static class VectorReader
{
    /// <summary>Reads the value the reader stands at.</summary>
    /// <param name="reader">Stands at the vector.</param>
    /// <param name="expected">The likely number of components.</param>
    /// <exception cref="JsonException">Neither form, or more than <see cref="NestedDimensions.MaxDimensions"/> components.</exception>
    public static float[] Read(ref Utf8JsonReader reader, int expected) => reader.TokenType switch
    {
        JsonTokenType.StartArray => Numbers(ref reader, expected),
        JsonTokenType.String => Base64Floats(ref reader),
        _ => throw new JsonException($"a vector is neither a list of numbers nor base64, but {reader.TokenType}"),
    };

    private static float[] Numbers(ref Utf8JsonReader reader, int expected)
    {
        var vector = new float[Math.Max(expected, 1)];
        var count = 0;
        while (JsonAnswer.NextElement(ref reader))
        {
            if (count == vector.Length)
                Array.Resize(ref vector, count < NestedDimensions.MaxDimensions ? Math.Min(count * 2, NestedDimensions.MaxDimensions) : throw TooLong());
            vector[count++] = reader.TokenType switch
            {
                // An exponent beyond float's range reads as infinite and is refused with the other infinities.
                JsonTokenType.Number when reader.TryGetSingle(out var value) => value,
                // How servers in C++ and Go write a NaN.
                JsonTokenType.Null => float.NaN,
                _ => throw new JsonException($"a vector's component is {reader.TokenType}, not a number"),
            };
        }
        return count == vector.Length ? vector : vector[..count];
    }

    private static float[] Base64Floats(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Decode(reader.ValueSpan);
        // Some encoders escape '/' or '+'.
        var text = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            return Decode(text.AsSpan(0, reader.CopyString(text)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private static float[] Decode(ReadOnlySpan<byte> text)
    {
        var padding = text.EndsWith("=="u8) ? 2 : text.EndsWith("="u8) ? 1 : 0;
        var bytes = Base64.GetMaxDecodedFromUtf8Length(text.Length) - padding;
        if (text.Length % 4 != 0 || bytes <= 0 || bytes % sizeof(float) != 0)
            throw new JsonException($"a vector's base64 of {text.Length} characters does not hold whole 32-bit floats");
        if (bytes / sizeof(float) > NestedDimensions.MaxDimensions)
            throw TooLong();
        var vector = GC.AllocateUninitializedArray<float>(bytes / sizeof(float));
        if (Base64.DecodeFromUtf8(text, MemoryMarshal.AsBytes(vector.AsSpan()), out _, out var written) != OperationStatus.Done || written != bytes)
            throw new JsonException("a vector is not valid base64");
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<float, int>(vector.AsSpan()), MemoryMarshal.Cast<float, int>(vector.AsSpan()));
        return vector;
    }

    private static JsonException TooLong() => new($"a vector has more than {NestedDimensions.MaxDimensions} components");
}
