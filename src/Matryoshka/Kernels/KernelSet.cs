namespace Matryoshka.Kernels;

/// <summary>
/// The kernels of one register width. Chosen once a process; one virtual call scores a whole block of rows.
/// </summary>
internal abstract unsafe class KernelSet
{
    /// <summary>Name as the forcing switch writes it: <c>scalar</c>, <c>128</c>, <c>256</c> or <c>512</c>.</summary>
    public abstract string Name { get; }

    /// <summary>sums[i] = dot of row i with the query; rows and query f32.</summary>
    public abstract void DotF32(ReadOnlySpan<Ring> rings, int rowCount, float* sums);

    /// <summary>sums[i] = dot of row i with the query; rows f16, query f32.</summary>
    public abstract void DotF16(ReadOnlySpan<Ring> rings, int rowCount, float* sums);

    /// <summary>sums[i] = exact integer dot of row i with the query; rows int8 (sbyte), query int16 (short) with values in -127..127.</summary>
    public abstract void DotInt8(ReadOnlySpan<Ring> rings, int rowCount, int* sums);

    /// <summary>sums[i] = number of differing bits; rows and query packed little-endian bits, each ring padded with zero bits to whole bytes on both sides.</summary>
    public abstract void Hamming(ReadOnlySpan<Ring> rings, int rowCount, int* sums);
}
