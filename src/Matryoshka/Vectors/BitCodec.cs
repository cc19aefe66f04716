using System.Runtime.CompilerServices;

namespace Matryoshka.Vectors;

/// <summary>
/// One bit a component: 1 when it is greater than 0, so both zeros give 0. Component i is bit i % 8, counted from the
/// lowest, of byte i / 8; the bits after the last component are 0.
/// </summary>
internal static class BitCodec
{
    public static int Bytes(int components) => (components + 7) / 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(ReadOnlySpan<float> vector, Span<byte> codes)
    {
        var whole = vector.Length / 8;
        for (var i = 0; i < whole; i++)
        {
            var x = vector.Slice(i * 8, 8);
            codes[i] = (byte)(Sign(x[0]) | Sign(x[1]) << 1 | Sign(x[2]) << 2 | Sign(x[3]) << 3
                | Sign(x[4]) << 4 | Sign(x[5]) << 5 | Sign(x[6]) << 6 | Sign(x[7]) << 7);
        }
        if (whole * 8 == vector.Length)
            return;
        var last = 0;
        for (var i = whole * 8; i < vector.Length; i++)
            last |= Sign(vector[i]) << i % 8;
        codes[whole] = (byte)last;
    }

    // The bits of a float, read as an integer, are positive exactly when the float is (NaN aside, which is not stored).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Sign(float x) => BitConverter.SingleToInt32Bits(x) > 0 ? 1 : 0;
}
