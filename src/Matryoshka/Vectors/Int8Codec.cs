using System.Runtime.CompilerServices;

namespace Matryoshka.Vectors;

/// <summary>
/// Symmetric int8: component ~ code * scale with code in -127..127 and one scale a vector. All rings share the scale, so
/// integer sums of products add up across rings and are scaled once. Scalar arithmetic, so the bytes are equal everywhere.
/// </summary>
internal static class Int8Codec
{
    public const int MaxCode = 127;

    /// <summary>The scale of a vector whose largest magnitude is <paramref name="maxAbs"/>; 0 for the zero vector.</summary>
    public static float ScaleOf(float maxAbs) => maxAbs / MaxCode;

    /// <summary>The scale of a whole vector (all rings).</summary>
    public static float ScaleOf(ReadOnlySpan<float> vector)
    {
        var maxAbs = 0f;
        foreach (var x in vector)
            maxAbs = Math.Max(maxAbs, Math.Abs(x));
        return ScaleOf(maxAbs);
    }

    /// <summary>code = x / scale, rounded half to even. Finite components only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(ReadOnlySpan<float> vector, float scale, Span<sbyte> codes)
    {
        codes = codes[..vector.Length];
        if (scale == 0)
        {
            codes.Clear();
            return;
        }
        // 1.5 * 2^23: the sum has no fraction bits left, so the addition rounds half to even and its low bits are the
        // integer. The clamp only matters where the scale is subnormal and its own rounding lifts a quotient above 127.
        const float Rounder = 12_582_912;
        const int RounderBits = 0x4B40_0000;
        for (var i = 0; i < vector.Length; i++)
        {
            var code = BitConverter.SingleToInt32Bits(vector[i] / scale + Rounder) - RounderBits;
            codes[i] = (sbyte)Math.Min(Math.Max(code, -MaxCode), MaxCode);
        }
    }

    public static void Decode(ReadOnlySpan<sbyte> codes, float scale, Span<float> vector)
    {
        vector = vector[..codes.Length];
        for (var i = 0; i < codes.Length; i++)
            vector[i] = codes[i] * scale;
    }
}
