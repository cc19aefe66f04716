namespace Matryoshka.Tuning;

/// <summary>What a run measured and recommends. The terminal, the page, the pictures, JSON and CSV all show this one object.</summary>
public sealed record TuneReport
{
    /// <summary>The collection's folder.</summary>
    public required string Collection { get; init; }

    /// <summary>The model whose vectors it holds.</summary>
    public required string Model { get; init; }

    /// <summary>The recipe's fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Records.</summary>
    public required long Rows { get; init; }

    /// <summary>Components of a full vector.</summary>
    public required int Dimensions { get; init; }

    /// <summary>The dimensions measured.</summary>
    public required IReadOnlyList<int> NestedDimensions { get; init; }

    /// <summary>Precision of the stored full vectors.</summary>
    public required Precision FullPrecision { get; init; }

    /// <summary>Bytes a vector that the collection takes on disk today, all planes.</summary>
    public required double StoredBytes { get; init; }

    /// <summary>Bytes of texts, metadata and keyword index a record.</summary>
    public required double CatalogBytes { get; init; }

    /// <summary>What was measured on: processor, cores, system and runtime.</summary>
    public required string Machine { get; init; }

    /// <summary>When it was measured.</summary>
    public required DateTimeOffset Measured { get; init; }

    /// <summary>What it was held against.</summary>
    public required TruthSummary Truth { get; init; }

    /// <summary>What was asked.</summary>
    public required TuneOptions Options { get; init; }

    /// <summary>The name of the measure that decides.</summary>
    public required string Metric { get; init; }

    /// <summary>The names of all measures, the deciding one first.</summary>
    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>All plans, the measured ones first, by what they keep.</summary>
    public required IReadOnlyList<PlanResult> Plans { get; init; }

    /// <summary>Exact search at full dimension: what all are held against.</summary>
    public required PlanResult Full { get; init; }

    /// <summary>How deep first stages must go.</summary>
    public required IReadOnlyList<DepthCurve> DepthCurves { get; init; }

    /// <summary>What building takes.</summary>
    public required BuildCost Build { get; init; }

    /// <summary>What to use.</summary>
    public required Recommendation Recommendation { get; init; }

    /// <summary>Where the recommended plan, or else the default, loses records.</summary>
    public required FunnelLosses Losses { get; init; }

    /// <summary>Queries measured, in order.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<string> QueryIds { get; init; } = [];

    /// <summary>Seconds it took, of this run alone where it was resumed.</summary>
    public required double Seconds { get; init; }

    /// <summary>Measurements taken over from an interrupted run.</summary>
    public int Resumed { get; init; }

    /// <summary>The result of a plan.</summary>
    /// <exception cref="MatryoshkaException">It was not among those measured.</exception>
    public PlanResult Of(SearchPlan plan) => Plans.FirstOrDefault(result => result.Plan.Equals(plan))
        ?? throw new MatryoshkaException($"The plan '{plan}' was not among those measured: name it in TuneOptions.Plans.");

    /// <summary>Exact search at one dimension.</summary>
    /// <exception cref="MatryoshkaException">It was not among those measured.</exception>
    public PlanResult AtDimensions(int dimensions) => Of(new(new SearchStage(FullPrecision, dimensions == Dimensions ? null : dimensions, null)));
}
