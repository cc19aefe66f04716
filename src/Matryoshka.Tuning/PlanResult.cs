namespace Matryoshka.Tuning;

/// <summary>Times of one plan's queries, one at a time, in microseconds.</summary>
/// <param name="P50">Median.</param>
/// <param name="P95">95th percentile.</param>
/// <param name="P99">99th percentile.</param>
/// <param name="Mean">Mean.</param>
/// <param name="QueriesPerSecond">One thread, median of the rounds.</param>
/// <param name="Samples">Queries timed.</param>
/// <param name="Distribution">The percentiles 0, 2, 4 ... 98 and the 99th.</param>
public sealed record Latency(double P50, double P95, double P99, double Mean, double QueriesPerSecond, int Samples, IReadOnlyList<double> Distribution);

/// <summary>What a plan is expected to take at another number of rows: bytes a vector times rows; the time of the first stage grows with the rows, that of the others stays.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="ResidentBytes">Memory.</param>
/// <param name="DiskBytes">Disk, texts included.</param>
/// <param name="P95Microseconds">95th percentile of a query's time.</param>
/// <param name="Monthly">Money a month, by the prices; the processors' share by the median time, which a neighbour's bursts do not move.</param>
/// <param name="BuildSeconds">What building takes that the plan reads (<see cref="BuildCost.Of"/>); null for a plan that reads lists where there were too few rows to measure them.</param>
public sealed record Projection(long Rows, double ResidentBytes, double DiskBytes, double P95Microseconds, double Monthly, double? BuildSeconds);

/// <summary>What one plan keeps and costs.</summary>
public sealed record PlanResult
{
    /// <summary>The plan.</summary>
    public required SearchPlan Plan { get; init; }

    /// <summary>The mean of every measure, by its name.</summary>
    public required IReadOnlyDictionary<string, double> Quality { get; init; }

    /// <summary>The share of full quality it keeps, by the measure that decides.</summary>
    public required ShareKept Kept { get; init; }

    /// <summary>Queries it was measured with: the first so many of <see cref="TuneReport.QueryIds"/> for a plan that was run.</summary>
    public required int Queries { get; init; }

    /// <summary>Whether it was run for real and timed; otherwise its figures come from exploring.</summary>
    public bool Measured => Latency is not null;

    /// <summary>The plan for which it was dropped on the way; null if it stayed.</summary>
    public string? DominatedBy { get; init; }

    /// <summary>Times; null if it was not timed.</summary>
    public Latency? Latency { get; init; }

    /// <summary>Median seconds of a query; of a plan that was only explored a rough figure, from a few queries.</summary>
    public required double RoughSeconds { get; init; }

    /// <summary>Mean bytes of planes read a query; null if it was not run.</summary>
    public double? BytesRead { get; init; }

    /// <summary>Bytes a vector that every query reads, and its id: what must stay in memory. A reranker's own memory is not counted.</summary>
    public required double ResidentBytes { get; init; }

    /// <summary>Bytes a vector on disk that the plan needs, without texts.</summary>
    public required double DiskBytes { get; init; }

    /// <summary>At the rows asked for; null if it was not timed.</summary>
    public Projection? Projection { get; init; }

    /// <summary>Whether nothing measured is better in quality, time and memory.</summary>
    public bool OnFront { get; init; }

    /// <summary>Values of every measure for every query, in the order of <see cref="TuneReport.QueryIds"/> and as many as <see cref="Queries"/>; null if it was not run.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyDictionary<string, double[]>? PerQuery { get; init; }

    /// <summary>The plan in text form.</summary>
    public string Name => Plan.ToString();
}
