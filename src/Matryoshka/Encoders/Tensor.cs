namespace Matryoshka.Encoders;

/// <summary>The element types a safetensors file may hold here; the names are the format's own.</summary>
internal enum TensorType
{
    I8,
    F16,
    BF16,
    F32,
    F64,
    I32,
    I64,
}

/// <summary>One tensor of a safetensors file: row-major, little-endian, at a checked place in the file.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The extent of each axis; empty for a scalar.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Bytes: the product of the shape times the element size.</param>
internal sealed record Tensor(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Length)
{
    public string Describe() => $"{Type} [{string.Join(", ", Shape)}]";

    public static int ElementSize(TensorType type) => type switch
    {
        TensorType.I8 => 1,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.F32 or TensorType.I32 => 4,
        _ => 8,
    };
}
