using System.Runtime.CompilerServices;

namespace Matryoshka.Vectors;

/// <summary>
/// f32 to IEEE 754 half precision and back by integer arithmetic: the framework's casts are software in .NET 10 and
/// several times slower. Rounds to nearest, ties to even, like the casts; bits are equal on every machine.
/// </summary>
internal static class HalfCodec
{
    private const uint HalfInfinity = 0x7C00;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        destination = destination[..source.Length];
        for (var i = 0; i < source.Length; i++)
            destination[i] = Encode(source[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        destination = destination[..source.Length];
        for (var i = 0; i < source.Length; i++)
            destination[i] = Decode(source[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var sign = bits >> 16 & 0x8000;
        var magnitude = bits & 0x7FFF_FFFF;
        const uint SmallestNormal = 127 - 14 << 23; // 2^-14
        const uint BeyondLargest = 127 + 16 << 23;  // 2^16
        if (magnitude - SmallestNormal < BeyondLargest - SmallestNormal)
        {
            // Rebias the exponent by -112 and round: half an ulp less one, plus the lowest kept bit, carries on a tie
            // only if that bit is odd. A carry out of the mantissa raises the exponent, up to infinity: as it should.
            magnitude += unchecked((uint)(-112 << 23)) + 0xFFF + (magnitude >> 13 & 1);
            return (ushort)(sign | magnitude >> 13);
        }
        return (ushort)(sign | EncodeRare(magnitude));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort half)
    {
        // Exponent and mantissa moved into place read as value / 2^112, subnormals included; the product is exact.
        var magnitude = BitConverter.UInt32BitsToSingle((uint)(half & 0x7FFF) << 13) * 5.192296858534828e33f;
        var bits = BitConverter.SingleToUInt32Bits(magnitude);
        if ((half & HalfInfinity) == HalfInfinity)
            bits |= 0x7F80_0000;
        return BitConverter.UInt32BitsToSingle(bits | (uint)(half & 0x8000) << 16);
    }

    private static uint EncodeRare(uint magnitude)
    {
        if (magnitude > 0x7F80_0000)
            return HalfInfinity | 0x200 | magnitude >> 13 & 0x1FF; // NaN stays one
        if (magnitude >= 0x4780_0000)
            return HalfInfinity;
        // Adding 0.5 puts a half's subnormal unit, 2^-24, at the lowest bit of the sum, so the addition itself rounds.
        return BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude) + 0.5f) - 0x3F00_0000;
    }
}
