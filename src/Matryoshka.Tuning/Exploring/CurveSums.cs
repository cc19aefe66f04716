namespace Matryoshka.Tuning.Exploring;

/// <summary>Adds up how deep first stages must go, chunk by chunk.</summary>
internal sealed class CurveSums(IReadOnlyList<int> depths)
{
    private readonly Dictionary<string, (long[] Within, long Wanted, int Queries)> sums = [];

    /// <param name="family">The first stage.</param>
    /// <param name="counts">How many lie within each depth, and how many there are.</param>
    /// <param name="queries">Queries they are of.</param>
    public void Add(string family, int[] counts, int queries)
    {
        var (within, wanted, before) = sums.GetValueOrDefault(family, (new long[depths.Count], 0, 0));
        for (var d = 0; d < within.Length; d++)
            within[d] += counts[d];
        sums[family] = (within, wanted + counts[^1], before + queries);
    }

    public List<DepthCurve> ToCurves() =>
        [.. sums.Select(sum => ToCurve(sum.Key, depths, sum.Value.Within, sum.Value.Wanted, sum.Value.Queries))];

    /// <summary>A curve from counts; where nothing is wanted nothing is missing.</summary>
    public static DepthCurve ToCurve<T>(string family, IReadOnlyList<int> depths, IReadOnlyList<T> within, T wanted, int queries) where T : System.Numerics.IBinaryInteger<T> =>
        new(family, depths, [.. within.Select(count => T.IsZero(wanted) ? 1 : double.CreateChecked(count) / double.CreateChecked(wanted))], queries);

    /// <summary>Depths worth looking at: k, and 1, 2 and 5 times powers of ten beyond it.</summary>
    public static List<int> DepthsTo(int k, int depth)
    {
        var depths = new List<int> { k };
        for (long decade = 1; decade <= depth; decade *= 10)
            foreach (var step in (int[])[1, 2, 5])
                if (decade * step is var at && at > k && at <= depth)
                    depths.Add((int)at);
        return depths;
    }
}
