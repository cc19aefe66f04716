using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Matryoshka.Kernels;

/// <summary>
/// The weights of differing signs, sixteen rows at a time, by registers of sixteen bytes: eight bytes of sixteen rows are
/// transposed, so that a register holds the same byte of all of them, and one shuffle a half of a byte looks up its sum.
/// André, Kermarrec and Le Scouarnec, "Cache locality is not enough" (VLDB 2015). Without such a shuffle, byte by byte from the
/// same tables.
/// </summary>
/// <remarks>
/// Spreading a row's bits over bytes instead and masking the weights with them took 25 ns for 256 components where this takes three.
/// </remarks>
internal static unsafe class BitKernel
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private const MethodImplOptions Full = MethodImplOptions.AggressiveOptimization;
    private const int Group = 16;

    /// <summary>Columns whose sums fit 16 bits: 16 * 8 sums of at most 248.</summary>
    private const int MostColumns = 16;

    /// <summary>Scores rows; with <paramref name="rows"/> null those from 0 on. By shuffles where <paramref name="vectors"/> says so and the processor has them.</summary>
    [MethodImpl(Full)]
    [SkipLocalsInit]
    public static void Run(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums, bool vectors)
    {
        new Span<int>(sums, count).Clear();
        var words = stackalloc ulong[Group];
        foreach (ref readonly var ring in rings)
            for (var first = 0; first < count; first += Group)
            {
                if (rows == null)
                    Cache.AskAhead((byte*)ring.Rows + first * ring.Stride, Group * ring.Stride);
                var column = (byte*)ring.Query;
                var (left, at) = (ring.Length, 0);
                while (left > 0)
                {
                    var sum = new Sums16(vectors);
                    for (var columns = 0; columns < MostColumns && left > 0; columns++, left -= 64, at += sizeof(ulong), column += BitWeights.ColumnBytes)
                    {
                        for (var i = 0; i < Group; i++)
                        {
                            var row = Math.Min(first + i, count - 1);
                            words[i] = Word((byte*)ring.Rows + (rows == null ? row : rows[row]) * ring.Stride + at, left);
                        }
                        sum.Add((byte*)words, column);
                    }
                    sum.Put(sums + first, Math.Min(Group, count - first));
                }
            }
    }

    /// <summary>As <see cref="Run"/>, for groups of sixteen codes that lie column by column, eight bytes of each.</summary>
    [MethodImpl(Full)]
    public static void RunInterleaved(byte* codes, byte* weights, int columns, int stored, int groups, int* sums, bool vectors)
    {
        new Span<int>(sums, groups * Group).Clear();
        for (var group = 0; group < groups; group++, codes += (nint)stored * Group * sizeof(ulong), sums += Group)
            for (var column = 0; column < columns;)
            {
                var sum = new Sums16(vectors);
                for (var end = Math.Min(column + MostColumns, columns); column < end; column++)
                    sum.Add(codes + (nint)column * Group * sizeof(ulong), weights + (nint)column * BitWeights.ColumnBytes);
                sum.Put(sums, Group);
            }
    }

    /// <summary>The next 64 bits, or as many bytes as are left. Bits beyond the components meet weights of zero.</summary>
    [MethodImpl(Inline)]
    public static ulong Word(byte* code, int left) => left > 56 ? Unsafe.ReadUnaligned<ulong>(code) : left is > 24 and <= 32 ? Unsafe.ReadUnaligned<uint>(code) : Tail(code, (left + 7) / 8);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Tail(byte* code, int bytes)
    {
        ulong word = 0;
        for (var i = 0; i < bytes; i++)
            word |= (ulong)code[i] << 8 * i;
        return word;
    }

    /// <summary>Sixteen sums of 16 bits: those of rows with even and of rows with odd numbers.</summary>
    private struct Sums16(bool vectors)
    {
        private readonly bool shuffles = vectors && (Ssse3.IsSupported || AdvSimd.Arm64.IsSupported);
        private Vector128<ushort> even;
        private Vector128<ushort> odd;

        /// <summary>Adds a column of sixteen words, back to back.</summary>
        [MethodImpl(Inline)]
        public void Add(byte* words, byte* column)
        {
            if (!shuffles)
            {
                AddByBytes(words, column);
                return;
            }
            var (a, b, c, d) = (Vector128.Load(words), Vector128.Load(words + 16), Vector128.Load(words + 32), Vector128.Load(words + 48));
            var (e, f, g, h) = (Vector128.Load(words + 64), Vector128.Load(words + 80), Vector128.Load(words + 96), Vector128.Load(words + 112));
            // A byte's place is its row and its number, rrrrbbb. Each round takes the highest bit of it to the lowest place; after four it is bbbrrrr.
            for (var round = 0; round < 4; round++)
                (a, b, c, d, e, f, g, h) = (Low(a, e), High(a, e), Low(b, f), High(b, f), Low(c, g), High(c, g), Low(d, h), High(d, h));
            AddByte(a, column);
            AddByte(b, column + 16);
            AddByte(c, column + 32);
            AddByte(d, column + 48);
            AddByte(e, column + 64);
            AddByte(f, column + 80);
            AddByte(g, column + 96);
            AddByte(h, column + 112);
        }

        /// <summary>Adds the first <paramref name="count"/> of them to sums.</summary>
        [MethodImpl(Inline)]
        public readonly void Put(int* sums, int count)
        {
            if (count == Group)
            {
                AddTo(sums);
                return;
            }
            var all = stackalloc int[Group];
            new Span<int>(all, Group).Clear();
            AddTo(all);
            for (var row = 0; row < count; row++)
                sums[row] += all[row];
        }

        [MethodImpl(Inline)]
        private readonly void AddTo(int* sums)
        {
            var (lower, upper) = (Vector128.WidenLower(even).AsInt32(), Vector128.WidenUpper(even).AsInt32());
            var (next, last) = (Vector128.WidenLower(odd).AsInt32(), Vector128.WidenUpper(odd).AsInt32());
            (Vector128.Load(sums) + Low(lower, next)).Store(sums);
            (Vector128.Load(sums + 4) + High(lower, next)).Store(sums + 4);
            (Vector128.Load(sums + 8) + Low(upper, last)).Store(sums + 8);
            (Vector128.Load(sums + 12) + High(upper, last)).Store(sums + 12);
        }

        [MethodImpl(Inline)]
        private void AddByte(Bytes codes, byte* tables)
        {
            var half = Vector128.Create((byte)0x0F);
            var sums = LookUp(Vector128.Load(tables), codes & half) + LookUp(Vector128.Load(tables + BitWeights.HighOffset), Vector128.ShiftRightLogical(codes.AsUInt16(), 4).AsByte() & half);
            even += sums.AsUInt16() & Vector128.Create((ushort)0xFF);
            odd += Vector128.ShiftRightLogical(sums.AsUInt16(), 8);
        }

        private void AddByBytes(byte* words, byte* column)
        {
            for (var row = 0; row < Group; row++)
            {
                var sum = 0;
                for (var k = 0; k < sizeof(ulong); k++)
                    sum += column[16 * k + (words[8 * row + k] & 15)] + column[BitWeights.HighOffset + 16 * k + (words[8 * row + k] >> 4)];
                ref var half = ref row % 2 == 0 ? ref even : ref odd;
                half = half.WithElement(row / 2, (ushort)(half.GetElement(row / 2) + sum));
            }
        }

        [MethodImpl(Inline)]
        private static Bytes LookUp(Bytes table, Bytes places) => Ssse3.IsSupported ? Ssse3.Shuffle(table, places) : AdvSimd.Arm64.VectorTableLookup(table, places);

        [MethodImpl(Inline)]
        private static Bytes Low(Bytes a, Bytes b) => Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

        [MethodImpl(Inline)]
        private static Bytes High(Bytes a, Bytes b) => Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

        [MethodImpl(Inline)]
        private static Vector128<int> Low(Vector128<int> a, Vector128<int> b) => Sse2.IsSupported ? Sse2.UnpackLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

        [MethodImpl(Inline)]
        private static Vector128<int> High(Vector128<int> a, Vector128<int> b) => Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
    }
}
