using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>The weights of differing signs, row by row, by spreading bits over bytes: every width, no table.</summary>
internal static unsafe class BitKernel
{
    /// <summary>Scores rows; with <paramref name="rows"/> null those from 0 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, TFloat, TInt>(ReadOnlySpan<Ring> rings, int* rows, int count, int* sums)
        where TLanes : ILanes<TFloat, TInt>
        where TFloat : unmanaged
        where TInt : unmanaged
    {
        for (var i = 0; i < count; i++)
        {
            var sum = default(TInt);
            foreach (ref readonly var ring in rings)
            {
                var code = (byte*)ring.Rows + (rows == null ? i : rows[i]) * ring.Stride;
                var column = (byte*)ring.Query;
                for (var left = ring.Length; left > 0; left -= 64, code += sizeof(ulong), column += BitWeights.ColumnBytes)
                    sum = TLanes.Add(sum, Differing<TLanes, TFloat, TInt>(Word(code, left), column));
            }
            sums[i] = TLanes.Sum4(sum, default, default, default)[0];
        }
    }

    /// <summary>As <see cref="Run"/>, for groups of sixteen codes that lie column by column, eight bytes of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunInterleaved<TLanes, TFloat, TInt>(byte* codes, byte* weights, int columns, int stored, int groups, int* sums)
        where TLanes : ILanes<TFloat, TInt>
        where TFloat : unmanaged
        where TInt : unmanaged
    {
        const int Group = 16;
        for (var i = 0; i < groups * Group; i++)
        {
            var code = codes + (nint)(i / Group) * stored * Group * sizeof(ulong) + i % Group * sizeof(ulong);
            var sum = default(TInt);
            for (var c = 0; c < columns; c++)
                sum = TLanes.Add(sum, Differing<TLanes, TFloat, TInt>(*(ulong*)(code + c * Group * sizeof(ulong)), weights + (nint)c * BitWeights.ColumnBytes));
            sums[i] = TLanes.Sum4(sum, default, default, default)[0];
        }
    }

    /// <summary>The weights of one column's signs that differ from a word of 64, spread over lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Differing<TLanes, TFloat, TInt>(ulong word, byte* column)
        where TLanes : ILanes<TFloat, TInt>
        where TFloat : unmanaged
        where TInt : unmanaged
    {
        var lanes = TLanes.Count * sizeof(int);
        // 31 eight times over still fits a byte.
        var most = Math.Min(64, 8 * lanes);
        var differing = word ^ Unsafe.ReadUnaligned<ulong>(column + BitWeights.SignsOffset);
        var sum = default(TInt);
        for (var start = 0; start < 64; start += most)
        {
            var part = default(TInt);
            for (var bit = start; bit < start + most; bit += lanes)
                part = TLanes.AddBytes(part, TLanes.BytesWhere(differing >> bit, column + bit));
            sum = TLanes.Add(sum, TLanes.SumBytes(part));
        }
        return sum;
    }

    /// <summary>The next 64 bits, or as many bytes as are left. Bits beyond the components meet weights of zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Word(byte* code, int left) => left > 56 ? Unsafe.ReadUnaligned<ulong>(code) : Tail(code, (left + 7) / 8);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Tail(byte* code, int bytes)
    {
        ulong word = 0;
        for (var i = 0; i < bytes; i++)
            word |= (ulong)code[i] << 8 * i;
        return word;
    }
}
