namespace Matryoshka.Tuning;

/// <summary>
/// Judged measures of one ranking, as trec_eval defines them: a record nobody judged is not relevant, a grade of 1 or more
/// is relevant, the grade itself is the gain, and a grade below 0 gains nothing.
/// </summary>
public static class RankedMetrics
{
    /// <summary>One measure of one ranking.</summary>
    /// <param name="metric">A judged measure.</param>
    /// <param name="grades">The grade at every rank, best first; 0 where nobody judged. Shorter than the depth is a ranking that ends there.</param>
    /// <param name="judged">All grades judged for the query, in any order.</param>
    /// <returns>From 0 to 1; 0 for a query without a relevant record.</returns>
    /// <exception cref="ArgumentException">The measure compares with the full ranking instead.</exception>
    public static double Of(Metric metric, ReadOnlySpan<int> grades, ReadOnlySpan<int> judged)
    {
        return OfIdeal(metric, grades, Ideal(judged));
    }

    /// <summary>The relevant grades, best first: what the best ranking would find.</summary>
    internal static int[] Ideal(ReadOnlySpan<int> judged)
    {
        var relevant = new List<int>();
        foreach (var grade in judged)
            if (grade > 0)
                relevant.Add(grade);
        relevant.Sort((a, b) => b.CompareTo(a));
        return [.. relevant];
    }

    internal static double OfIdeal(Metric metric, ReadOnlySpan<int> grades, int[] ideal)
    {
        if (ideal.Length == 0)
            return 0;
        var seen = grades[..Math.Min(grades.Length, metric.Depth)];
        return metric.Kind switch
        {
            MetricKind.Ndcg => Gain(seen) / Gain(ideal.AsSpan(0, Math.Min(ideal.Length, metric.Depth))),
            MetricKind.Recall => (double)Relevant(seen) / ideal.Length,
            MetricKind.Precision => (double)Relevant(seen) / metric.Depth,
            MetricKind.HitRate => Relevant(seen) > 0 ? 1 : 0,
            MetricKind.ReciprocalRank => ReciprocalRank(seen),
            MetricKind.AveragePrecision => AveragePrecision(seen, ideal.Length),
            _ => throw new ArgumentException($"{metric} compares with the full ranking, not with judgements.", nameof(metric)),
        };
    }

    private static double Gain(ReadOnlySpan<int> grades)
    {
        double sum = 0;
        for (var i = 0; i < grades.Length; i++)
            if (grades[i] > 0)
                sum += grades[i] / Math.Log2(i + 2);
        return sum;
    }

    private static int Relevant(ReadOnlySpan<int> grades)
    {
        var count = 0;
        foreach (var grade in grades)
            count += grade > 0 ? 1 : 0;
        return count;
    }

    private static double ReciprocalRank(ReadOnlySpan<int> grades)
    {
        for (var i = 0; i < grades.Length; i++)
            if (grades[i] > 0)
                return 1.0 / (i + 1);
        return 0;
    }

    private static double AveragePrecision(ReadOnlySpan<int> grades, int relevant)
    {
        double sum = 0;
        var found = 0;
        for (var i = 0; i < grades.Length; i++)
            if (grades[i] > 0)
                sum += (double)++found / (i + 1);
        return sum / relevant;
    }
}
