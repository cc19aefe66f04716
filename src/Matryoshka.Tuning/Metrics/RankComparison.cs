namespace Matryoshka.Tuning;

/// <summary>How alike two rankings are. Nothing is judged: this tells what a smaller search changes, not whether it is worse.</summary>
public static class RankComparison
{
    private const double Persistence = 0.9;

    /// <summary>One measure of a ranking against another.</summary>
    /// <param name="metric">A measure against the full ranking.</param>
    /// <param name="found">The ids found, best first, each once.</param>
    /// <param name="full">The ids of the full ranking, best first, each once.</param>
    /// <returns>Overlap and rank-biased overlap from 0 to 1, tau from -1 to 1; 1 where there is nothing to find.</returns>
    public static double Of(Metric metric, ReadOnlySpan<long> found, ReadOnlySpan<long> full)
    {
        var a = found[..Math.Min(found.Length, metric.Depth)];
        var b = full[..Math.Min(full.Length, metric.Depth)];
        if (b.IsEmpty)
            return 1;
        return metric.Kind switch
        {
            MetricKind.Overlap => (double)Common(a, b) / b.Length,
            MetricKind.RankBiasedOverlap => RankBiasedOverlap(a, b),
            MetricKind.KendallTau => KendallTau(a, b),
            _ => throw new ArgumentException($"{metric} needs judgements.", nameof(metric)),
        };
    }

    private static int Common(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        var common = 0;
        foreach (var id in a)
            if (b.Contains(id))
                common++;
        return common;
    }

    // RBO_ext to the depth k of the full ranking: (X_k / k) p^k + (1 - p) / p * sum over d of (X_d / d) p^d.
    private static double RankBiasedOverlap(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        double sum = 0, weight = 1;
        var agreed = 0;
        for (var d = 1; d <= b.Length; d++)
        {
            weight *= Persistence;
            // Of the two newcomers each may have been waited for, or both are the same.
            if (d <= a.Length && b[..d].Contains(a[d - 1]))
                agreed++;
            if (a[..Math.Min(d - 1, a.Length)].Contains(b[d - 1]))
                agreed++;
            sum += (double)agreed / d * weight;
        }
        return (double)agreed / b.Length * weight + (1 - Persistence) / Persistence * sum;
    }

    private static double KendallTau(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        var union = new HashSet<long>();
        foreach (var id in a)
            union.Add(id);
        foreach (var id in b)
            union.Add(id);
        var (left, right) = (new int[union.Count], new int[union.Count]);
        var i = 0;
        foreach (var id in union)
        {
            var (x, y) = (a.IndexOf(id), b.IndexOf(id));
            (left[i], right[i]) = (x < 0 ? a.Length : x, y < 0 ? b.Length : y);
            i++;
        }
        return TauB(left, right);
    }

    private static double TauB(int[] left, int[] right)
    {
        long concordance = 0, untiedLeft = 0, untiedRight = 0;
        for (var i = 0; i < left.Length; i++)
            for (var j = i + 1; j < left.Length; j++)
            {
                var (x, y) = (Math.Sign(left[i] - left[j]), Math.Sign(right[i] - right[j]));
                concordance += x * y;
                untiedLeft += x * x;
                untiedRight += y * y;
            }
        return untiedLeft == 0 || untiedRight == 0 ? (untiedLeft == untiedRight ? 1 : 0) : concordance / Math.Sqrt((double)untiedLeft * untiedRight);
    }
}
