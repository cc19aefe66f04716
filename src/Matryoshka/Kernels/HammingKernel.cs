using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>Differing bits, row by row: wide parts of a row by register, what is left by machine words.</summary>
internal static unsafe class HammingKernel
{
    /// <summary>Scores <paramref name="count"/> rows; rings whose bit is set in <paramref name="done"/> are in the sums already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, TFloat, TInt, TOrder>(ReadOnlySpan<Ring> rings, TOrder order, int count, int* sums, uint done)
        where TLanes : ILanes<TFloat, TInt>
        where TFloat : unmanaged
        where TInt : unmanaged
        where TOrder : struct, IRowOrder
    {
        var ahead = order.Warm(rings, 1);
        nint step = TLanes.Count * 4;
        for (var row = 0; row < count; row += 4)
        {
            TInt a = default, b = default, c = default, d = default;
            int restA = 0, restB = 0, restC = 0, restD = 0;
            for (var r = 0; r < rings.Length; r++)
            {
                ref readonly var ring = ref rings[r];
                if (r < 32 && (done >> r & 1) != 0)
                    continue;
                order.Prefetch(ring, row + ahead, (ring.Length + 7) / 8);
                order.Four(ring, row, out var rowA, out var rowB, out var rowC, out var rowD);
                var query = (byte*)ring.Query;
                nint at = 0, end = ring.Length >> 3;
                for (; at <= end - step; at += step)
                {
                    a = TLanes.Add(a, TLanes.SumBytes(TLanes.Differences(rowA + at, query + at)));
                    b = TLanes.Add(b, TLanes.SumBytes(TLanes.Differences(rowB + at, query + at)));
                    c = TLanes.Add(c, TLanes.SumBytes(TLanes.Differences(rowC + at, query + at)));
                    d = TLanes.Add(d, TLanes.SumBytes(TLanes.Differences(rowD + at, query + at)));
                }
                if (at == end && (ring.Length & 7) == 0)
                    continue;
                var bits = ring.Length - (int)at * 8;
                restA += Rest(rowA + at, query + at, bits);
                restB += Rest(rowB + at, query + at, bits);
                restC += Rest(rowC + at, query + at, bits);
                restD += Rest(rowD + at, query + at, bits);
            }
            var rest = Vector128.Create(restA, restB, restC, restD);
            Sums.Put(TLanes.Sum4(a, b, c, d) + rest, sums + row, count - row, add: done != 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Rest(byte* row, byte* query, int bits)
    {
        var count = 0;
        for (; bits >= 64; bits -= 64, row += 8, query += 8)
            count += BitOperations.PopCount(Unsafe.ReadUnaligned<ulong>(row) ^ Unsafe.ReadUnaligned<ulong>(query));
        if (bits >= 32)
        {
            count += BitOperations.PopCount(Unsafe.ReadUnaligned<uint>(row) ^ Unsafe.ReadUnaligned<uint>(query));
            bits -= 32;
            row += 4;
            query += 4;
        }
        for (; bits >= 8; bits -= 8, row++, query++)
            count += BitOperations.PopCount((uint)(*row ^ *query));
        if (bits > 0)
            count += BitOperations.PopCount((uint)((*row ^ *query) & (1 << bits) - 1));
        return count;
    }
}
