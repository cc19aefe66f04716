using System.Runtime.CompilerServices;
using Matryoshka.Kernels;

namespace Matryoshka.Search;

/// <summary>A query in the forms that scanning signs reads, in memory that does not move.</summary>
internal sealed unsafe class SignQuery : IDisposable
{
    private const int Lists = 512;

    private static readonly float[] ones = MakeOnes();

    private readonly byte[] weights;
    private readonly int[] starts;
    private readonly float deviation;

    /// <param name="query">The query.</param>
    /// <param name="ends">Where the parts of the prefix end that lie apart in memory: rings, or halves; the components after the last are left out.</param>
    /// <param name="near">Parts that are read first.</param>
    /// <param name="scale">What every score is multiplied by.</param>
    public SignQuery(QueryVector query, ReadOnlySpan<int> ends, int near, float scale = 1)
    {
        Dimensions = ends[^1];
        Codes = query.Codes(0);
        CodeScale = query.CodeScale * scale;
        var prefix = query.Unit[..Dimensions];
        var largest = 0f;
        foreach (var x in prefix)
            largest = Math.Max(largest, Math.Abs(x));
        var step = largest / BitWeights.Most;
        Step = step * scale;
        starts = new int[ends.Length + 1];
        for (var part = 0; part < ends.Length; part++)
            starts[part + 1] = starts[part] + BitWeights.Bytes(ends[part] - (part == 0 ? 0 : ends[part - 1]));
        weights = PinnedPool<byte>.Rent(starts[^1] + 64);
        weights.AsSpan().Clear();
        for (var part = 0; part < ends.Length; part++)
        {
            var total = BitWeights.Write(prefix[(part == 0 ? 0 : ends[part - 1])..ends[part]], step, WeightsOf(part));
            NearTotal += part < near ? total : 0;
            Total += total;
        }
        var (first, all) = (near == 0 ? 0 : FloatMath.Dot(prefix[..ends[near - 1]], prefix[..ends[near - 1]]), FloatMath.Dot(prefix, prefix));
        NearShare = all > 0 ? first / all : 1;
        // Given the sum over all signs, that over the first part has this standard deviation about its share.
        deviation = step > 0 ? MathF.Sqrt(NearShare * (1 - NearShare) * all) / step : 0;
        CosineStep = all > 0 ? step / MathF.Sqrt(all) / MathF.Sqrt(2 / MathF.PI * Dimensions) : 0;
    }

    public int Dimensions { get; }

    /// <summary>Columns of 64 components.</summary>
    public int Columns => (Dimensions + 63) / 64;

    /// <summary>The components as int16.</summary>
    public void* Codes { get; }

    public float CodeScale { get; }

    /// <summary>What a weight of one is worth.</summary>
    public float Step { get; }

    /// <summary>
    /// What a weight of one is worth of a cosine, for rows whose components are normally distributed: a sign then stands for a component of
    /// root 2 / (pi d). Used to show a score; it changes no order.
    /// </summary>
    public float CosineStep { get; }

    /// <summary>The sum of all weights.</summary>
    public int Total { get; }

    /// <summary>The sum of the near parts' weights.</summary>
    public int NearTotal { get; }

    /// <summary>The near parts' share of the query's squared length.</summary>
    public float NearShare { get; }

    /// <summary>Ones, as many as a block of lists has scales.</summary>
    public static float* Ones => (float*)Unsafe.AsPointer(ref ones[0]);

    /// <summary><see cref="BitWeights"/> of a part.</summary>
    public byte* WeightsOf(int part) => (byte*)((nint)Unsafe.AsPointer(ref weights[0]) + 63 & -64) + starts[part];

    /// <summary>Gives the memory back; pointers into it end here.</summary>
    public void Dispose() => PinnedPool<byte>.Return(weights);

    /// <summary>So many standard deviations of what the near parts tell of all, in weights.</summary>
    public int Doubt(float deviations) => (int)(deviations * deviation);

    private static float[] MakeOnes()
    {
        var all = GC.AllocateUninitializedArray<float>(Lists, pinned: true);
        Array.Fill(all, 1);
        return all;
    }
}
