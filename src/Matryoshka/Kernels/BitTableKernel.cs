using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector512<ulong>;

namespace Matryoshka.Kernels;

/// <summary>
/// The weights of differing signs, sixteen rows at a time: eight bytes of eight rows fill a register, and one shuffle looks
/// up 64 halves of bytes in the eight tables of sixteen sums that belong to their places (VPERMI2B, AVX-512 VBMI). The idea
/// of small tables in registers is André, Kermarrec and Le Scouarnec, "Cache locality is not enough" (VLDB 2015); theirs
/// needs the codes of many rows interleaved in memory, eight tables in a pair of registers do not, so one layout serves
/// scans and single rows.
/// </summary>
/// <remarks>Ring by ring, so that a narrow ring's tables stay in registers for all rows of the block.</remarks>
internal static unsafe class BitTableKernel
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private const MethodImplOptions Full = MethodImplOptions.AggressiveOptimization;
    private const int Group = 16;
    private const int Column = BitWeights.ColumnBytes;

    private const int RowsAhead = 32;

    public static bool IsSupported => Avx512Vbmi.IsSupported && Avx512BW.IsSupported;

    /// <summary>Scores rows; with <paramref name="rows"/> null those from 0 on, in whole groups of sixteen.</summary>
    public static void Run(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums)
    {
        new Span<int>(sums, count).Clear();
        for (var r = 0; r < rings.Length; r++)
        {
            ref readonly var ring = ref rings[r];
            var bytes = ring.Length + 7 >> 3;
            if (rows == null && r + 1 < rings.Length && IsHalf(ring) && IsHalf(rings[r + 1]))
            {
                PackedHalves((byte*)ring.Rows, (byte*)rings[r + 1].Rows, new((byte*)ring.Query, (byte*)rings[r + 1].Query), count, sums);
                r++;
                continue;
            }
            if (rows != null || ring.Stride != bytes || bytes is not (4 or 8 or 16 or 32))
                Scattered(ring, bytes, rows, count, sums);
            else if (bytes <= 8)
                PackedOne((byte*)ring.Rows, (byte*)ring.Query, bytes, count, sums);
            else if (bytes == 16)
                PackedTwo((ulong*)ring.Rows, (byte*)ring.Query, count, sums);
            else
                PackedFour((ulong*)ring.Rows, (byte*)ring.Query, count, sums);
        }
    }

    /// <summary>
    /// Sums for groups of sixteen codes that lie column by column: no rearranging at all. Four registers of codes share the
    /// loading of a column's tables. Asking for lines ahead made it slower by a tenth to a third, whatever the distance.
    /// </summary>
    [MethodImpl(Full)]
    public static void RunInterleaved(byte* codes, byte* weights, int columns, int stored, int groups, int* sums)
    {
        nint size = (nint)stored * Group * sizeof(ulong);
        for (var group = 0; group + 1 < groups; group += 2, codes += 2 * size, sums += 2 * Group)
        {
            var from = codes;
            var column = weights;
            Words a = default, b = default, c = default, d = default;
            for (var i = 0; i < columns; i++, from += 128, column += Column)
            {
                var t = new Tables(column);
                a += t.Sum(Vector512.Load((ulong*)from));
                b += t.Sum(Vector512.Load((ulong*)(from + 64)));
                c += t.Sum(Vector512.Load((ulong*)(from + size)));
                d += t.Sum(Vector512.Load((ulong*)(from + size + 64)));
            }
            Avx512F.ConvertToVector256Int32(a.AsInt64()).Store(sums);
            Avx512F.ConvertToVector256Int32(b.AsInt64()).Store(sums + 8);
            Avx512F.ConvertToVector256Int32(c.AsInt64()).Store(sums + 16);
            Avx512F.ConvertToVector256Int32(d.AsInt64()).Store(sums + 24);
        }
        if (groups % 2 == 0)
            return;
        Words last = default, half = default;
        for (var i = 0; i < columns; i++, codes += 128, weights += Column)
        {
            var t = new Tables(weights);
            last += t.Sum(Vector512.Load((ulong*)codes));
            half += t.Sum(Vector512.Load((ulong*)(codes + 64)));
        }
        Avx512F.ConvertToVector256Int32(last.AsInt64()).Store(sums);
        Avx512F.ConvertToVector256Int32(half.AsInt64()).Store(sums + 8);
    }

    [MethodImpl(Full)]
    private static void PackedOne(byte* from, byte* column, int bytes, int count, int* sums)
    {
        var t = new Tables(column);
        if (bytes == 8)
            for (var row = 0; row < count; row += 8, from += 64)
            {
                Cache.AskAhead(from, 64);
                Put(t.Sum(Vector512.Load((ulong*)from)), sums + row);
            }
        else
            for (var row = 0; row < count; row += 8, from += 32)
                Put(t.Sum(Avx512F.ConvertToVector512UInt64(Vector256.Load((uint*)from))), sums + row);
    }

    private static bool IsHalf(in Ring ring) => ring is { Length: > 24 and <= 32, Stride: 4 };

    /// <summary>Two rings of four bytes make up one column.</summary>
    [MethodImpl(Full)]
    private static void PackedHalves(byte* first, byte* second, Tables t, int count, int* sums)
    {
        for (var row = 0; row < count; row += 8, first += 32, second += 32)
        {
            Cache.AskAhead(first, 32);
            Cache.AskAhead(second, 32);
            Put(t.Sum(Avx512F.ConvertToVector512UInt64(Vector256.Load((uint*)first)) | Avx512F.ConvertToVector512UInt64(Vector256.Load((uint*)second)) << 32), sums + row);
        }
    }

    [MethodImpl(Full)]
    private static void PackedTwo(ulong* from, byte* column, int count, int* sums)
    {
        var (t0, t1) = (new Tables(column), new Tables(column + Column));
        var (even, odd) = (Vector512.Create(0ul, 2, 4, 6, 8, 10, 12, 14), Vector512.Create(1ul, 3, 5, 7, 9, 11, 13, 15));
        for (var row = 0; row < count; row += 8, from += 16)
        {
            Cache.AskAhead((byte*)from, 128);
            var (a, b) = (Vector512.Load(from), Vector512.Load(from + 8));
            Put(t0.Sum(Avx512F.PermuteVar8x64x2(a, even, b)) + t1.Sum(Avx512F.PermuteVar8x64x2(a, odd, b)), sums + row);
        }
    }

    // Two columns at a time: the tables of all four, beside the rows, are more than the registers hold.
    [MethodImpl(Full)]
    private static void PackedFour(ulong* from, byte* column, int count, int* sums)
    {
        var (even, odd) = (Vector512.Create(0ul, 4, 8, 12, 2, 6, 10, 14), Vector512.Create(1ul, 5, 9, 13, 3, 7, 11, 15));
        for (var row = 0; row < count; row += Group, from += 64)
        {
            Cache.AskAhead((byte*)from, 512);
            var (a, b, c, d) = (Vector512.Load(from), Vector512.Load(from + 8), Vector512.Load(from + 16), Vector512.Load(from + 24));
            var (e, f, g, h) = (Vector512.Load(from + 32), Vector512.Load(from + 40), Vector512.Load(from + 48), Vector512.Load(from + 56));
            var (ab, cd) = (Avx512F.PermuteVar8x64x2(a, even, b), Avx512F.PermuteVar8x64x2(c, even, d));
            var (ef, gh) = (Avx512F.PermuteVar8x64x2(e, even, f), Avx512F.PermuteVar8x64x2(g, even, h));
            var t = new Tables(column);
            var (low, high) = (t.Sum(Lower(ab, cd)), t.Sum(Lower(ef, gh)));
            t = new Tables(column + 2 * Column);
            low += t.Sum(Upper(ab, cd));
            high += t.Sum(Upper(ef, gh));
            (ab, cd) = (Avx512F.PermuteVar8x64x2(a, odd, b), Avx512F.PermuteVar8x64x2(c, odd, d));
            (ef, gh) = (Avx512F.PermuteVar8x64x2(e, odd, f), Avx512F.PermuteVar8x64x2(g, odd, h));
            t = new Tables(column + Column);
            low += t.Sum(Lower(ab, cd));
            high += t.Sum(Lower(ef, gh));
            t = new Tables(column + 3 * Column);
            Put(low + t.Sum(Upper(ab, cd)), sums + row);
            Put(high + t.Sum(Upper(ef, gh)), sums + row + 8);
        }
    }

    /// <summary>Rows anywhere, of any width: the widest pieces that are left, no byte beyond them.</summary>
    [MethodImpl(Full)]
    [SkipLocalsInit]
    private static void Scattered(in Ring ring, int bytes, int* rows, int count, int* sums)
    {
        var p = stackalloc byte*[Group];
        var part = stackalloc int[Group];
        for (var first = 0; first < count; first += Group)
        {
            for (var i = 0; i < Group; i++)
                p[i] = (byte*)ring.Rows + (rows == null ? first + i : rows[Math.Min(first + i, count - 1)]) * ring.Stride;
            if (rows != null)
                for (var i = first + RowsAhead; i < Math.Min(first + RowsAhead + Group, count); i++)
                    Cache.Ask((byte*)ring.Rows + rows[i] * ring.Stride, bytes);
            var left = count - first;
            var to = left >= Group ? sums + first : part;
            if (left < Group)
                new Span<int>(part, Group).Clear();
            Columns(p, (byte*)ring.Query, bytes, to);
            for (var i = 0; i < left && left < Group; i++)
                sums[first + i] += part[i];
        }
    }

    [MethodImpl(Inline)]
    private static void Columns(byte** p, byte* column, int bytes, int* sums)
    {
        var at = 0;
        for (; bytes - at >= 64; at += 64, column += 8 * Column)
        {
            Eight(p, at, column, sums);
            Eight(p + 8, at, column, sums + 8);
        }
        for (; bytes - at >= 8; at += 8, column += Column)
        {
            var t = new Tables(column);
            Put(t.Sum(Gather(p, at)), sums);
            Put(t.Sum(Gather(p + 8, at)), sums + 8);
        }
        if (at == bytes)
            return;
        var last = new Tables(column);
        Put(last.Sum(bytes - at == 4 ? GatherHalf(p, at) : GatherTail(p, at, 8 * (bytes - at))), sums);
        Put(last.Sum(bytes - at == 4 ? GatherHalf(p + 8, at) : GatherTail(p + 8, at, 8 * (bytes - at))), sums + 8);
    }

    /// <summary>512 bits of eight rows: an 8 x 8 transposition of words.</summary>
    [MethodImpl(Inline)]
    private static void Eight(byte** p, int at, byte* column, int* sums)
    {
        var (r0, r1, r2, r3) = (Row(p, 0, at), Row(p, 1, at), Row(p, 2, at), Row(p, 3, at));
        var (r4, r5, r6, r7) = (Row(p, 4, at), Row(p, 5, at), Row(p, 6, at), Row(p, 7, at));
        var (e01, e23, e45, e67) = (Avx512F.UnpackLow(r0, r1), Avx512F.UnpackLow(r2, r3), Avx512F.UnpackLow(r4, r5), Avx512F.UnpackLow(r6, r7));
        var (a, b) = (Even(e01, e23), Even(e45, e67));
        var sum = new Tables(column).Sum(Even(a, b)) + new Tables(column + 4 * Column).Sum(Odd(a, b));
        (a, b) = (Odd(e01, e23), Odd(e45, e67));
        sum += new Tables(column + 2 * Column).Sum(Even(a, b)) + new Tables(column + 6 * Column).Sum(Odd(a, b));
        var (o01, o23, o45, o67) = (Avx512F.UnpackHigh(r0, r1), Avx512F.UnpackHigh(r2, r3), Avx512F.UnpackHigh(r4, r5), Avx512F.UnpackHigh(r6, r7));
        (a, b) = (Even(o01, o23), Even(o45, o67));
        sum += new Tables(column + Column).Sum(Even(a, b)) + new Tables(column + 5 * Column).Sum(Odd(a, b));
        (a, b) = (Odd(o01, o23), Odd(o45, o67));
        sum += new Tables(column + 3 * Column).Sum(Even(a, b)) + new Tables(column + 7 * Column).Sum(Odd(a, b));
        Put(sum, sums);
    }

    [MethodImpl(Inline)]
    private static Words Row(byte** p, int row, int at) => Vector512.Load((ulong*)(p[row] + at));

    [MethodImpl(Inline)]
    private static Words Even(Words a, Words b) => Avx512F.Shuffle4x128(a, b, 0b10_00_10_00);

    [MethodImpl(Inline)]
    private static Words Odd(Words a, Words b) => Avx512F.Shuffle4x128(a, b, 0b11_01_11_01);

    [MethodImpl(Inline)]
    private static Words Lower(Words a, Words b) => Avx512F.Shuffle4x128(a, b, 0b01_00_01_00);

    [MethodImpl(Inline)]
    private static Words Upper(Words a, Words b) => Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);

    [MethodImpl(Inline)]
    private static Words Gather(byte** p, int at) => Vector512.Create(
        *(ulong*)(p[0] + at), *(ulong*)(p[1] + at), *(ulong*)(p[2] + at), *(ulong*)(p[3] + at),
        *(ulong*)(p[4] + at), *(ulong*)(p[5] + at), *(ulong*)(p[6] + at), *(ulong*)(p[7] + at));

    [MethodImpl(Inline)]
    private static Words GatherHalf(byte** p, int at) => Avx512F.ConvertToVector512UInt64(Vector256.Create(
        *(uint*)(p[0] + at), *(uint*)(p[1] + at), *(uint*)(p[2] + at), *(uint*)(p[3] + at),
        *(uint*)(p[4] + at), *(uint*)(p[5] + at), *(uint*)(p[6] + at), *(uint*)(p[7] + at)));

    [MethodImpl(MethodImplOptions.NoInlining | Full)]
    private static Words GatherTail(byte** p, int at, int bits)
    {
        var words = stackalloc ulong[8];
        for (var i = 0; i < 8; i++)
            words[i] = BitKernel.Word(p[i] + at, bits);
        return Vector512.Load(words);
    }

    [MethodImpl(Inline)]
    private static void Put(Words eight, int* to) => (Avx512F.ConvertToVector256Int32(eight.AsInt64()) + Vector256.Load(to)).Store(to);

    /// <summary>One column's sums, in registers.</summary>
    private readonly struct Tables
    {
        private readonly Vector512<byte> lower0;
        private readonly Vector512<byte> lower1;
        private readonly Vector512<byte> upper0;
        private readonly Vector512<byte> upper1;

        [MethodImpl(Inline)]
        public Tables(byte* column)
        {
            lower0 = Vector512.Load(column);
            lower1 = Vector512.Load(column + 64);
            upper0 = Vector512.Load(column + BitWeights.HighOffset);
            upper1 = Vector512.Load(column + BitWeights.HighOffset + 64);
        }

        /// <summary>The lower halves of two columns as one.</summary>
        [MethodImpl(Inline)]
        public Tables(byte* first, byte* second)
        {
            lower0 = Vector512.Load(first);
            lower1 = Vector512.Load(second);
            upper0 = Vector512.Load(first + BitWeights.HighOffset);
            upper1 = Vector512.Load(second + BitWeights.HighOffset);
        }

        /// <summary>The eight rows' sums of the column.</summary>
        [MethodImpl(Inline)]
        public Words Sum(Words codes)
        {
            var half = Vector512.Create((byte)0x0F);
            var place = Vector512.Create(0x7060_5040_3020_1000ul).AsByte();
            var low = codes.AsByte() & half | place;
            var high = (codes >> 4).AsByte() & half | place;
            var sums = Avx512Vbmi.PermuteVar64x8x2(lower0, low, lower1) + Avx512Vbmi.PermuteVar64x8x2(upper0, high, upper1);
            return Avx512BW.SumAbsoluteDifferences(sums, Vector512<byte>.Zero).AsUInt64();
        }
    }
}
