namespace Matryoshka.Tuning.Statistics;

/// <summary>
/// Interval of a ratio of two means over the same queries: queries are drawn again with replacement, both values of each
/// together (Efron and Tibshirani, 1993; Sakai, 2006, for retrieval).
/// </summary>
internal static class PairedBootstrap
{
    /// <summary>
    /// A plan measured on n queries and again on n others differs from itself by root 2 standard errors; 1.645 of those leave
    /// 5 % below: 1.645 * 1.4142 = 2.326, the 1 % quantile of the bootstrap.
    /// </summary>
    public const double PromiseDeviations = 2.326;

    /// <summary>Under so many queries no interval is to be trusted.</summary>
    public const int FewestQueries = 30;

    public const int RuleOfThree = 3;

    private const int FewestChanged = 5;
    private const int Resamples = 1000;

    public static ShareKept Of(ReadOnlySpan<double> plan, ReadOnlySpan<double> full)
    {
        var n = plan.Length;
        var (planMean, fullMean) = (Mean(plan), Mean(full));
        if (n == 0 || fullMean <= 0)
            return new(1, 0, 1, 0, 1, n, 0);
        var share = planMean / fullMean;
        // Linearised: the contribution of a query to the ratio is (plan - share * full) / mean of full.
        double squares = 0;
        var changed = 0;
        for (var i = 0; i < n; i++)
        {
            var contribution = (plan[i] - share * full[i]) / fullMean;
            squares += contribution * contribution;
            changed += plan[i] != full[i] ? 1 : 0;
        }
        if (changed == 0)
            return new(1, 1, 1, Unseen(n), 1, n, 0);
        var deviation = Math.Sqrt(squares / Math.Max(1, n - 1));
        var ratios = Resampled(plan, full);
        var cautious = share - PromiseDeviations * deviation / Math.Sqrt(n);
        var promise = Math.Min(At(ratios, 0.01), cautious);
        return new(share, At(ratios, 0.025), At(ratios, 0.975), changed < FewestChanged ? Math.Min(promise, Unseen(n)) : promise, RandomisationTest.PValue(plan, full), n, deviation);
    }

    /// <summary>The 95 % interval of a mean.</summary>
    public static (double Low, double High) OfMean(double[] values)
    {
        if (values.Length == 0)
            return (0, 0);
        var ones = new double[values.Length];
        Array.Fill(ones, 1);
        var means = Resampled(values, ones);
        return (At(means, 0.025), At(means, 0.975));
    }

    // The rule of three: what none of n queries showed may still, at 95 %, befall up to 3 / n of them. A handful of changed
    // queries says as little of how large the next change is.
    private static double Unseen(int n) => 1 - Math.Min(1, (double)RuleOfThree / Math.Max(n, 1));

    private static double[] Resampled(ReadOnlySpan<double> plan, ReadOnlySpan<double> full)
    {
        var random = new SeededRandom(7);
        var ratios = new double[Resamples];
        for (var b = 0; b < Resamples; b++)
        {
            double above = 0, below = 0;
            for (var i = 0; i < plan.Length; i++)
            {
                var drawn = random.Below(plan.Length);
                above += plan[drawn];
                below += full[drawn];
            }
            ratios[b] = below > 0 ? above / below : 1;
        }
        Array.Sort(ratios);
        return ratios;
    }

    private static double At(double[] sorted, double share) => sorted[Math.Clamp((int)Math.Round(share * (sorted.Length - 1)), 0, sorted.Length - 1)];

    private static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (var value in values)
            sum += value;
        return values.IsEmpty ? 0 : sum / values.Length;
    }
}
