using System.Globalization;

namespace Matryoshka.Tuning;

/// <summary>What is measured of one query's ranking.</summary>
public enum MetricKind
{
    /// <summary>Normalised discounted cumulative gain: grades divided by log2(rank + 1), over the best possible (Järvelin and Kekäläinen, 2002). trec_eval's <c>ndcg_cut</c>.</summary>
    Ndcg,

    /// <summary>Relevant records found over those there are. trec_eval's <c>recall</c>.</summary>
    Recall,

    /// <summary>Relevant records found over the depth. trec_eval's <c>P</c>.</summary>
    Precision,

    /// <summary>1 if a relevant record was found, else 0. trec_eval's <c>success</c>.</summary>
    HitRate,

    /// <summary>1 over the rank of the first relevant record; its mean is MRR. trec_eval's <c>recip_rank</c>.</summary>
    ReciprocalRank,

    /// <summary>Mean of the precision at each relevant record, those not found counting 0; its mean is MAP. trec_eval's <c>map_cut</c>.</summary>
    AveragePrecision,

    /// <summary>Share of the full ranking's best that was found. Needs no judgements.</summary>
    Overlap,

    /// <summary>Rank-biased overlap with the full ranking, p = 0.9, extrapolated (Webber, Moffat and Zobel, 2010, equation 32). Needs no judgements.</summary>
    RankBiasedOverlap,

    /// <summary>Kendall's tau-b with the full ranking, over the union of both lists; what a list lacks is tied behind its end. Needs no judgements.</summary>
    KendallTau,
}

/// <summary>A measure and the depth it looks to.</summary>
/// <param name="Kind">What is measured.</param>
/// <param name="Depth">Ranks looked at, from 1 up.</param>
public readonly record struct Metric(MetricKind Kind, int Depth)
{
    private static readonly (string Name, MetricKind Kind)[] Names =
    [
        ("ndcg", MetricKind.Ndcg), ("recall", MetricKind.Recall), ("precision", MetricKind.Precision), ("hit", MetricKind.HitRate),
        ("mrr", MetricKind.ReciprocalRank), ("map", MetricKind.AveragePrecision), ("overlap", MetricKind.Overlap),
        ("rbo", MetricKind.RankBiasedOverlap), ("tau", MetricKind.KendallTau),
    ];

    /// <summary>Whether it compares with the full ranking rather than with judgements.</summary>
    public bool IsAgainstFull => Kind is MetricKind.Overlap or MetricKind.RankBiasedOverlap or MetricKind.KendallTau;

    /// <summary>Reads a name like <c>ndcg@10</c>.</summary>
    /// <exception cref="InvalidFormatException">It is no such name.</exception>
    public static Metric Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        foreach (var (name, kind) in Names)
            if (at > 0 && text.AsSpan(0, at).Equals(name, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var depth) && depth is > 0 and <= 10_000)
                return new(kind, depth);
        throw new InvalidFormatException($"'{text}' is not a measure: write a name, '@' and a depth, e.g. ndcg@10. Names are {string.Join(", ", Names.Select(known => known.Name))}.");
    }

    /// <summary>All measures at one depth.</summary>
    public static IReadOnlyList<Metric> All(int depth) => Array.ConvertAll(Names, known => new Metric(known.Kind, depth));

    /// <summary>The name, e.g. <c>ndcg@10</c>.</summary>
    public override string ToString()
    {
        var kind = Kind;
        return string.Create(CultureInfo.InvariantCulture, $"{Array.Find(Names, known => known.Kind == kind).Name}@{Depth}");
    }
}
