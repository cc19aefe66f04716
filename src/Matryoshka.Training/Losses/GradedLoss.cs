namespace Matryoshka.Training.Losses;

/// <summary>
/// CoSENT (Su, 2022) for graded pairs at every nested dimension: log(1 + sum over pairs i graded above j of
/// exp(scale * (cosine j - cosine i))), so that better pairs come out nearer. Only the order of grades counts.
/// </summary>
internal static unsafe class GradedLoss<T>
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    /// <param name="nested">Dimensions, weights, scales.</param>
    /// <param name="a">One row a pair.</param>
    /// <param name="b">The other row of each.</param>
    /// <param name="grades">One a pair.</param>
    /// <param name="aGradient">Takes a row a pair.</param>
    /// <param name="bGradient">Takes a row a pair.</param>
    /// <returns>The loss of each nested dimension, unweighted.</returns>
    public static double[] Run(IReadOnlyList<NestedLoss> nested, T* a, T* b, IReadOnlyList<float> grades, T* aGradient, T* bGradient)
    {
        var (count, dimensions) = (grades.Count, nested[^1].Dimensions);
        new Span<T>(aGradient, count * dimensions).Clear();
        new Span<T>(bGradient, count * dimensions).Clear();
        var losses = new double[nested.Count];
        var order = Enumerable.Range(0, count).OrderBy(i => grades[i]).ToArray();
        for (var n = 0; n < nested.Count; n++)
        {
            var prefix = nested[n];
            var cosines = new PairCosines<T>(a, b, count, dimensions, prefix.Dimensions);
            var pulls = new double[count];
            losses[n] = Rank(cosines.Values, grades, order, prefix.Scale, pulls);
            cosines.Backward(pulls, prefix.Weight, aGradient, bGradient);
        }
        return losses;
    }

    // Sums of exponentials of all pairs graded below, and of all graded above, each by one walk over the order: no square.
    private static double Rank(double[] cosines, IReadOnlyList<float> grades, int[] order, double scale, double[] pulls)
    {
        var count = cosines.Length;
        var (below, above) = (new double[count], new double[count]);
        Walk(order, i => Math.Exp(scale * cosines[i]), below);
        Walk([.. order.Reverse()], i => Math.Exp(-scale * cosines[i]), above);
        var total = 1.0;
        for (var i = 0; i < count; i++)
            total += Math.Exp(-scale * cosines[i]) * below[i];
        for (var i = 0; i < count; i++)
            pulls[i] = scale * (Math.Exp(scale * cosines[i]) * above[i] - Math.Exp(-scale * cosines[i]) * below[i]) / total;
        return Math.Log(total);

        void Walk(int[] walk, Func<int, double> value, double[] sums)
        {
            double sum = 0, waiting = 0;
            for (var k = 0; k < walk.Length; k++)
            {
                if (k > 0 && grades[walk[k]] != grades[walk[k - 1]])
                    (sum, waiting) = (sum + waiting, 0);
                sums[walk[k]] = sum;
                waiting += value(walk[k]);
            }
        }
    }
}
