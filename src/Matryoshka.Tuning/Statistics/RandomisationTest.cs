namespace Matryoshka.Tuning.Statistics;

/// <summary>
/// Fisher's paired randomisation test of a mean difference, two-sided: were the two systems the same, each difference could as
/// well have the other sign (Smucker, Allan and Carterette, 2007, who recommend it for retrieval).
/// </summary>
internal static class RandomisationTest
{
    private const int Permutations = 5000;

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
        var random = new SeededRandom(11);
        var asExtreme = 0;
        for (var p = 0; p < Permutations; p++)
        {
            double signed = 0;
            ulong bits = 0;
            for (var i = 0; i < differences.Count; i++)
            {
                if ((i & 63) == 0)
                    bits = random.Next();
                signed += (bits & 1) == 0 ? differences[i] : -differences[i];
                bits >>= 1;
            }
            if (Math.Abs(signed) >= observed)
                asExtreme++;
        }
        // The observed signs are one of the permutations.
        return (asExtreme + 1.0) / (Permutations + 1);
    }
}
