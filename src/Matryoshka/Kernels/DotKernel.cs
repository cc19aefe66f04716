using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>
/// The dot product of every precision and width. Four rows at a time share one horizontal sum, which keeps rings of a
/// single register cheap. The same row gives the same bits wherever it stands in a block.
/// </summary>
internal static unsafe class DotKernel
{
    /// <summary>
    /// Bytes of a ring up to which four rows advance side by side and share the query's loads. Wider rows are walked
    /// one after another: reading four places in turn hides the stream from the hardware's prefetcher, and a scan of
    /// 512 f32 components out of cache then runs at half the memory's speed. Prefetching in software won back a third
    /// of the loss, scoring ring by ring nothing.
    /// </summary>
    private const int SideBySide = 128;

    /// <summary>
    /// Scores the rings with Step &lt;= Length &lt; <paramref name="limit"/>. Those below Step are left to narrower
    /// lanes, which come with limit = this Step and add to the sums; <see cref="int.MaxValue"/> is the first to come.
    /// </summary>
    /// <remarks>AggressiveOptimization: a first call under tiered compilation would run 16 to 36 times slower.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TProduct, TVector, TSum, TOrder>(ReadOnlySpan<Ring> rings, TOrder order, int count, TSum* sums, int limit)
        where TProduct : IProduct<TVector, TSum>
        where TVector : unmanaged
        where TSum : unmanaged
        where TOrder : struct, IRowOrder
    {
        var ahead = order.Warm(rings, TProduct.RowSize * 8);
        for (var row = 0; row < count; row += 4)
        {
            TVector a = default, b = default, c = default, d = default;
            foreach (ref readonly var ring in rings)
            {
                if (ring.Length < TProduct.Step || ring.Length >= limit)
                    continue;
                nint at = 0, end = (nint)ring.Length * TProduct.RowSize, step = TProduct.Step * TProduct.RowSize;
                order.Prefetch(ring, row + ahead, end);
                order.Four(ring, row, out var rowA, out var rowB, out var rowC, out var rowD);
                var query = (byte*)ring.Query;
                if (end <= SideBySide)
                {
                    for (; at <= end - step; at += step)
                    {
                        var part = TProduct.Query(query + at * TProduct.QueryRatio);
                        a = TProduct.Add(a, part, rowA + at);
                        b = TProduct.Add(b, part, rowB + at);
                        c = TProduct.Add(c, part, rowC + at);
                        d = TProduct.Add(d, part, rowD + at);
                    }
                }
                else
                {
                    a = AddRow<TProduct, TVector, TSum>(a, query, rowA, end - step);
                    b = AddRow<TProduct, TVector, TSum>(b, query, rowB, end - step);
                    c = AddRow<TProduct, TVector, TSum>(c, query, rowC, end - step);
                    d = AddRow<TProduct, TVector, TSum>(d, query, rowD, end - step);
                    at = end & -step;
                }
                if (at < end)
                {
                    // The rest is read as the ring's last full step; the query is zero where that has been counted.
                    var counted = (int)(at - (end - step)) / TProduct.RowSize;
                    at = end - step;
                    var part = TProduct.QueryFrom(query + at * TProduct.QueryRatio, counted);
                    a = TProduct.Add(a, part, rowA + at);
                    b = TProduct.Add(b, part, rowB + at);
                    c = TProduct.Add(c, part, rowC + at);
                    d = TProduct.Add(d, part, rowD + at);
                }
            }
            Sums.Put(TProduct.Sum4(a, b, c, d), sums + row, count - row, add: limit != int.MaxValue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddRow<TProduct, TVector, TSum>(TVector sum, byte* query, byte* row, nint lastStep)
        where TProduct : IProduct<TVector, TSum>
        where TVector : unmanaged
        where TSum : unmanaged
    {
        for (nint at = 0; at <= lastStep; at += TProduct.Step * TProduct.RowSize)
            sum = TProduct.Add(sum, TProduct.Query(query + at * TProduct.QueryRatio), row + at);
        return sum;
    }
}
