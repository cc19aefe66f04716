using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>
/// All dots of two sets of vectors, four by four: sixteen sums stay in registers, and eight loads feed sixteen
/// multiply-adds, where a vector against rows is bound by its loads. Blocks of both sets fit the second-level cache.
/// </summary>
internal static unsafe class ProductsKernel<TLanes, TFloat, TInt>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    private const int Tile = 4;

    /// <summary>Rows of b passed over while rows of a stay near: 64 rows of 512 floats are 128 KB.</summary>
    private const int Block = 64;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, int m, float* b, int n, int dimensions, float* products)
    {
        for (var block = 0; block < n; block += Block)
            for (var i = 0; i < m; i += Tile)
                for (var j = block; j < Math.Min(block + Block, n); j += Tile)
                    Tiles(a, i, m, b, j, n, dimensions, products);
    }

    // At the edges the last row stands in for those that are not there.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles(float* a, int i, int m, float* b, int j, int n, int dimensions, float* products)
    {
        var a0 = Row(a, i, m);
        var a1 = Row(a, i + 1, m);
        var a2 = Row(a, i + 2, m);
        var a3 = Row(a, i + 3, m);
        var b0 = Row(b, j, n);
        var b1 = Row(b, j + 1, n);
        var b2 = Row(b, j + 2, n);
        var b3 = Row(b, j + 3, n);
        TFloat s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        TFloat s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        var at = 0;
        for (; at <= dimensions - TLanes.Count; at += TLanes.Count)
        {
            var (y0, y1, y2, y3) = (TLanes.Load(b0 + at), TLanes.Load(b1 + at), TLanes.Load(b2 + at), TLanes.Load(b3 + at));
            var x = TLanes.Load(a0 + at);
            (s00, s01, s02, s03) = (TLanes.MultiplyAdd(x, y0, s00), TLanes.MultiplyAdd(x, y1, s01), TLanes.MultiplyAdd(x, y2, s02), TLanes.MultiplyAdd(x, y3, s03));
            x = TLanes.Load(a1 + at);
            (s10, s11, s12, s13) = (TLanes.MultiplyAdd(x, y0, s10), TLanes.MultiplyAdd(x, y1, s11), TLanes.MultiplyAdd(x, y2, s12), TLanes.MultiplyAdd(x, y3, s13));
            x = TLanes.Load(a2 + at);
            (s20, s21, s22, s23) = (TLanes.MultiplyAdd(x, y0, s20), TLanes.MultiplyAdd(x, y1, s21), TLanes.MultiplyAdd(x, y2, s22), TLanes.MultiplyAdd(x, y3, s23));
            x = TLanes.Load(a3 + at);
            (s30, s31, s32, s33) = (TLanes.MultiplyAdd(x, y0, s30), TLanes.MultiplyAdd(x, y1, s31), TLanes.MultiplyAdd(x, y2, s32), TLanes.MultiplyAdd(x, y3, s33));
        }
        Span<float> sums = stackalloc float[Tile * Tile];
        fixed (float* to = sums)
        {
            System.Runtime.Intrinsics.Vector128.Store(TLanes.Sum4(s00, s01, s02, s03), to);
            System.Runtime.Intrinsics.Vector128.Store(TLanes.Sum4(s10, s11, s12, s13), to + 4);
            System.Runtime.Intrinsics.Vector128.Store(TLanes.Sum4(s20, s21, s22, s23), to + 8);
            System.Runtime.Intrinsics.Vector128.Store(TLanes.Sum4(s30, s31, s32, s33), to + 12);
            for (var k = 0; k < Math.Min(Tile, m - i); k++)
                for (var l = 0; l < Math.Min(Tile, n - j); l++)
                    products[(nint)(i + k) * n + j + l] = to[Tile * k + l] + Rest(Row(a, i + k, m), Row(b, j + l, n), at);
        }

        float* Row(float* rows, int row, int count) => rows + (nint)Math.Min(row, count - 1) * dimensions;

        float Rest(float* x, float* y, int from)
        {
            var sum = 0f;
            for (var c = from; c < dimensions; c++)
                sum += x[c] * y[c];
            return sum;
        }
    }
}
