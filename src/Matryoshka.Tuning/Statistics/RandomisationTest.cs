namespace Matryoshka.Tuning.Statistics;

/// <summary>
/// Fisher's paired randomisation test of a mean difference, two-sided: were the two systems the same, each difference could as
/// well have the other sign (Smucker, Allan and Carterette, 2007, who recommend it for retrieval).
/// </summary>
internal static class RandomisationTest
{
    private const int Permutations = 5000;
    private const int Four = 4;
    private const int Signs = 1 << Four;

    public static double PValue(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        // Queries without a difference keep none under any sign.
        var differences = new List<double>();
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
            if (a[i] != b[i])
            {
                differences.Add(a[i] - b[i]);
                sum += a[i] - b[i];
            }
        if (differences.Count == 0)
            return 1;
        var observed = Math.Abs(sum) - 1e-12;
        var sums = SumsOfFours(differences);
        var random = new SeededRandom(11);
        var asExtreme = 0;
        for (var p = 0; p < Permutations; p++)
        {
            double signed = 0;
            ulong bits = 0;
            for (var four = 0; four < sums.Length; four += Signs)
            {
                if ((four & (Signs * Signs - 1)) == 0)
                    bits = random.Next();
                signed += sums[four + (int)(bits & (Signs - 1))];
                bits >>= Four;
            }
            if (Math.Abs(signed) >= observed)
                asExtreme++;
        }
        // The observed signs are one of the permutations.
        return (asExtreme + 1.0) / (Permutations + 1);
    }

    /// <summary>The p of several tests so that the chance of any false finding among them stays what it says (Holm, 1979).</summary>
    public static double[] Holm(double[] values)
    {
        var (adjusted, largest) = (new double[values.Length], 0.0);
        foreach (var (rank, i) in Enumerable.Range(0, values.Length).OrderBy(i => values[i]).Index())
            adjusted[i] = largest = Math.Max(largest, Math.Min(1, (values.Length - rank) * values[i]));
        return adjusted;
    }

    // Four differences have sixteen sums: a permutation then adds one number for four queries, without a branch nobody can foresee.
    private static double[] SumsOfFours(List<double> differences)
    {
        var sums = new double[(differences.Count + Four - 1) / Four * Signs];
        for (var i = 0; i < differences.Count; i++)
            for (var signs = 0; signs < Signs; signs++)
                sums[i / Four * Signs + signs] += (signs >> (i % Four) & 1) == 0 ? differences[i] : -differences[i];
        return sums;
    }
}
