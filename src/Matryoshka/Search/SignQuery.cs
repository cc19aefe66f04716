using System.Runtime.CompilerServices;
using Matryoshka.Kernels;

namespace Matryoshka.Search;

/// <summary>A query in the forms that searching lists reads, in memory that does not move.</summary>
internal sealed unsafe class SignQuery : IDisposable
{
    private const int Lists = 512;

    private static readonly float[] ones = MakeOnes();

    private readonly byte[] weights;

    private readonly float deviation;

    /// <param name="query">The query.</param>
    /// <param name="dimensions">The prefix to score; the components after it are left out.</param>
    /// <param name="nearColumns">Columns of 64 components that are read first.</param>
    /// <param name="scale">What every score is multiplied by.</param>
    public SignQuery(QueryVector query, int dimensions, int nearColumns, float scale = 1)
    {
        Dimensions = dimensions;
        Codes = query.Codes(0);
        CodeScale = query.CodeScale * scale;
        var prefix = query.Unit[..dimensions];
        var largest = 0f;
        foreach (var x in prefix)
            largest = Math.Max(largest, Math.Abs(x));
        var step = largest / BitWeights.Most;
        Step = step * scale;
        weights = PinnedPool<byte>.Rent(BitWeights.Bytes(dimensions) + 64);
        weights.AsSpan().Clear();
        var near = Math.Min(nearColumns * 64, dimensions);
        NearTotal = BitWeights.Write(prefix[..near], step, Weights);
        Total = NearTotal + BitWeights.Write(prefix[near..], step, Weights + BitWeights.Bytes(near));
        var (first, all) = (FloatMath.Dot(prefix[..near], prefix[..near]), FloatMath.Dot(prefix, prefix));
        NearShare = all > 0 ? first / all : 1;
        // Given the sum over all signs, that over the first part has this standard deviation about its share.
        deviation = step > 0 ? MathF.Sqrt(NearShare * (1 - NearShare) * all) / step : 0;
    }

    public int Dimensions { get; }

    /// <summary>Columns of 64 components.</summary>
    public int Columns => (Dimensions + 63) / 64;

    /// <summary>The components as int16.</summary>
    public void* Codes { get; }

    public float CodeScale { get; }

    /// <summary><see cref="BitWeights"/> of all columns.</summary>
    public byte* Weights => (byte*)((nint)Unsafe.AsPointer(ref weights[0]) + 63 & -64);

    /// <summary>What a weight of one is worth.</summary>
    public float Step { get; }

    /// <summary>The sum of all weights.</summary>
    public int Total { get; }

    /// <summary>The sum of the near columns' weights.</summary>
    public int NearTotal { get; }

    /// <summary>The near columns' part of the query's squared length.</summary>
    public float NearShare { get; }

    /// <summary>Ones, as many as a block of lists has scales.</summary>
    public static float* Ones => (float*)Unsafe.AsPointer(ref ones[0]);

    /// <summary>Gives the memory back; pointers into it end here.</summary>
    public void Dispose() => PinnedPool<byte>.Return(weights);

    /// <summary>So many standard deviations of what the near columns tell of all, in weights.</summary>
    public int Doubt(float deviations) => (int)(deviations * deviation);

    private static float[] MakeOnes()
    {
        var all = GC.AllocateUninitializedArray<float>(Lists, pinned: true);
        Array.Fill(all, 1);
        return all;
    }
}
