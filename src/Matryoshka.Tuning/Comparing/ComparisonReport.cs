namespace Matryoshka.Tuning;

/// <summary>A model to compare: the same records embedded by it, and the same queries.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Collection">The records.</param>
/// <param name="Queries">The queries, with the same ids for every model.</param>
public sealed record ComparedModel(string Name, Collection Collection, IReadOnlyList<TuneQuery> Queries);

/// <summary>What a scan of a model's vectors finds at one dimension and precision.</summary>
/// <param name="Dimensions">The prefix.</param>
/// <param name="Precision">How its components are stored.</param>
/// <param name="Bytes">Bytes a vector.</param>
/// <param name="Quality">The mean of every measure.</param>
/// <param name="Low">Lower end of the 95 % interval of the measure that decides.</param>
/// <param name="High">Upper end.</param>
/// <param name="Kept">The share of the model's own full quality.</param>
/// <param name="AgainstFirst">The share of the first model's full quality, with its interval and significance.</param>
/// <param name="Microseconds">Median time of a query, one at a time, all models in turns.</param>
public sealed record DimensionQuality(int Dimensions, Precision Precision, double Bytes, IReadOnlyDictionary<string, double> Quality, double Low, double High, ShareKept Kept, ShareKept AgainstFirst, double Microseconds);

/// <summary>What a model keeps at every dimension and precision.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Fingerprint">Its recipe's fingerprint.</param>
/// <param name="FullPrecision">The precision of its stored full vectors.</param>
/// <param name="Dimensions">From the smallest to full, full precision first, then int8 and bit.</param>
public sealed record ModelQuality(string Model, string Fingerprint, Precision FullPrecision, IReadOnlyList<DimensionQuality> Dimensions)
{
    /// <summary>At full precision, from the smallest dimension up.</summary>
    public IEnumerable<DimensionQuality> AtFullPrecision => Dimensions.Where(at => at.Precision == FullPrecision);

    /// <summary>The whole vector at full precision.</summary>
    public DimensionQuality Full => AtFullPrecision.Last();
}

/// <summary>Two models at full dimension.</summary>
/// <param name="A">One.</param>
/// <param name="B">The other.</param>
/// <param name="Kept">The share of A's quality that B has, with its interval and the p of a paired randomisation test.</param>
/// <param name="Adjusted">That p by Holm's method, for all pairs compared.</param>
public sealed record ModelPair(string A, string B, ShareKept Kept, double Adjusted);

/// <summary>What a comparison of models found. The terminal, the page, the pictures, JSON and CSV all show this one object.</summary>
public sealed record ComparisonReport
{
    /// <summary>Records.</summary>
    public required long Rows { get; init; }

    /// <summary>Hits a search returned.</summary>
    public required int K { get; init; }

    /// <summary>What it was held against.</summary>
    public required TruthSummary Truth { get; init; }

    /// <summary>The measure that decides.</summary>
    public required string Metric { get; init; }

    /// <summary>All measures, the deciding one first.</summary>
    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>The models, in the order given.</summary>
    public required IReadOnlyList<ModelQuality> Models { get; init; }

    /// <summary>Every pair of them.</summary>
    public required IReadOnlyList<ModelPair> Pairs { get; init; }

    /// <summary>What it was measured on.</summary>
    public required string Machine { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Measured { get; init; }
}
