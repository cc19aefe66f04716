using System.Numerics;
using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>From sums to scores to the few rows worth keeping; and the vector arithmetic that queries and encoders need.</summary>
internal static unsafe class FinishKernel<TLanes, TFloat, TInt>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* sums, float* factors, float constant, int n)
    {
        var i = 0;
        for (var times = TLanes.Broadcast(constant); i <= n - TLanes.Count; i += TLanes.Count)
            TLanes.Store(TLanes.Multiply(TLanes.Load(sums + i), TLanes.Multiply(TLanes.Load(factors + i), times)), sums + i);
        for (; i < n; i++)
            sums[i] *= factors[i] * constant;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleInt(int* sums, float* a, float* b, float constant, float* scores, int n)
    {
        var i = 0;
        for (var times = TLanes.Broadcast(constant); i <= n - TLanes.Count; i += TLanes.Count)
        {
            var factor = TLanes.Multiply(TLanes.Multiply(TLanes.Load(a + i), TLanes.Load(b + i)), times);
            TLanes.Store(TLanes.Multiply(TLanes.ToFloat(TLanes.LoadInts(sums + i)), factor), scores + i);
        }
        for (; i < n; i++)
            scores[i] = sums[i] * (a[i] * b[i] * constant);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleBits(int* distances, int total, float* scales, float constant, float offset, float* scores, int n)
    {
        var i = 0;
        var (all, minusTwice, shift) = (TLanes.Broadcast(total * constant), TLanes.Broadcast(-2 * constant), TLanes.Broadcast(offset));
        for (; i <= n - TLanes.Count; i += TLanes.Count)
        {
            var agreement = TLanes.MultiplyAdd(TLanes.ToFloat(TLanes.LoadInts(distances + i)), minusTwice, all);
            TLanes.Store(TLanes.MultiplyAdd(agreement, TLanes.Load(scales + i), shift), scores + i);
        }
        for (; i < n; i++)
            scores[i] = (total - 2 * distances[i]) * constant * scales[i] + offset;
    }

    /// <summary>Four registers are compared before anything branches: with a good threshold nearly no block has a hit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Select<TTest>(TTest test, int n, int* indices)
        where TTest : struct, ITest
    {
        int found = 0, i = 0;
        for (; i <= n - 4 * TLanes.Count; i += 4 * TLanes.Count)
        {
            var hits = test.Hits(i) | test.Hits(i + TLanes.Count) << TLanes.Count
                | test.Hits(i + 2 * TLanes.Count) << 2 * TLanes.Count | test.Hits(i + 3 * TLanes.Count) << 3 * TLanes.Count;
            for (; hits != 0; hits &= hits - 1)
                indices[found++] = i + BitOperations.TrailingZeroCount(hits);
        }
        for (; i < n; i++)
            if (test.Hit(i))
                indices[found++] = i;
        return found;
    }

    internal interface ITest
    {
        /// <summary>One bit a lane for a register of values from <paramref name="at"/>.</summary>
        ulong Hits(int at);

        bool Hit(int at);
    }

    internal readonly struct AboveTest(float* scores, float threshold) : ITest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Hits(int at) => TLanes.Above(TLanes.Load(scores + at), TLanes.Broadcast(threshold));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Hit(int at) => scores[at] > threshold;
    }

    internal readonly struct BelowTest(int* distances, int threshold) : ITest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Hits(int at) => TLanes.Below(TLanes.LoadInts(distances + at), TLanes.Broadcast(threshold));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Hit(int at) => distances[at] < threshold;
    }
}
