using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>
/// A query's side of bit codes: for every four components the sums of weights that the sixteen values of their bits can stand
/// for, each weight 0 to 31. A row is scored by the weights of the signs in which it differs, so a row's bit counts for what
/// the query's component is worth: of 500,000 texts a shortlist of 150 holds the ten nearest where one by the number of differing
/// signs needs more than 1,000. Five bits lose nothing that could be measured against floats, and two sums of four fit a byte:
/// 8 * 31 &lt; 256.
/// </summary>
/// <remarks>
/// Columns of 64 components, 256 bytes each: for the low half of byte k and value v the sum at 16 k + v, for the high half 128
/// further on.
/// </remarks>
internal static unsafe class BitWeights
{
    public const int Most = 31;

    public const int ColumnBytes = 256;

    /// <summary>Where a column's sums for the high halves of bytes begin.</summary>
    public const int HighOffset = 128;

    private const int Column = 64;

    /// <summary>Bytes for a ring of so many components.</summary>
    public static int Bytes(int length) => (length + Column - 1) / Column * ColumnBytes;

    /// <summary>Writes the columns of one ring and returns the sum of its weights.</summary>
    /// <param name="query">The query's components of the ring.</param>
    /// <param name="step">What a weight of one is worth.</param>
    /// <param name="columns"><see cref="Bytes"/> of room, zeroed.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Write(ReadOnlySpan<float> query, float step, byte* columns)
    {
        var total = 0;
        var weights = stackalloc byte[Column];
        for (var start = 0; start < query.Length; start += Column, columns += ColumnBytes)
        {
            var part = query.Slice(start, Math.Min(Column, query.Length - start));
            new Span<byte>(weights, Column).Clear();
            ulong signs = 0;
            for (var i = 0; i < part.Length; i++)
            {
                var weight = step > 0 ? (int)Math.Min(MathF.Round(Math.Abs(part[i]) / step), Most) : 0;
                weights[i] = (byte)weight;
                total += weight;
                if (part[i] > 0)
                    signs |= 1ul << i;
            }
            for (var k = 0; k < sizeof(ulong); k++)
            {
                WriteSums(weights + 8 * k, signs >> 8 * k, columns + 16 * k);
                WriteSums(weights + 8 * k + 4, signs >> 8 * k + 4, columns + HighOffset + 16 * k);
            }
        }
        return total;
    }

    /// <summary>
    /// A byte for each of the sixteen values of four bits: the weights of those that differ from the signs. Eight at once in
    /// a word; bytes may borrow from each other on the way, but the last of the sums holds none below zero.
    /// </summary>
    private static void WriteSums(byte* weights, ulong signs, byte* sums)
    {
        ulong none = 0;
        var turned = stackalloc ulong[4];
        for (var i = 0; i < 4; i++)
        {
            var positive = (signs >> i & 1) != 0;
            none += positive ? weights[i] : 0ul;
            turned[i] = positive ? 0ul - weights[i] : weights[i];
        }
        var low = none * 0x0101_0101_0101_0101 + turned[0] * 0x0100_0100_0100_0100 + turned[1] * 0x0101_0000_0101_0000 + turned[2] * 0x0101_0101_0000_0000;
        Unsafe.WriteUnaligned(sums, low);
        Unsafe.WriteUnaligned(sums + sizeof(ulong), low + turned[3] * 0x0101_0101_0101_0101);
    }
}
