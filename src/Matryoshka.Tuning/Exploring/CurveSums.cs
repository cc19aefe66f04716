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
        [.. sums.Select(sum => new DepthCurve(sum.Key, depths, [.. sum.Value.Within.Select(count => sum.Value.Wanted == 0 ? 1 : (double)count / sum.Value.Wanted)], sum.Value.Queries))];
}
