namespace Matryoshka.Cli.Bench;

/// <summary>A plan and what has been measured of it so far.</summary>
internal sealed class MeasuredPlan(PlanCandidate candidate, SearchPlan resolved, int threads)
{
    private float[] sorted = [];

    public PlanCandidate Candidate => candidate;

    public string Name => candidate.Name;

    /// <summary>What ran under the name.</summary>
    public SearchPlan Resolved => resolved;

    /// <summary>Seconds a query took on first acquaintance: good enough to plan with, not to report.</summary>
    public double Estimate { get; init; }

    /// <summary>Mean over the queries; null until measured.</summary>
    public double? Recall { get; set; }

    /// <summary>Mean bytes of planes read a query.</summary>
    public double BytesRead { get; set; }

    /// <summary>Queries a second in each round, all threads together.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>The time of every query of every round.</summary>
    public List<float> Microseconds { get; } = [];

    /// <summary>The query each thread goes on with.</summary>
    public int[] Cursors { get; } = new int[threads];

    /// <summary>Median of the rounds; null until there is one.</summary>
    public double? QueriesPerSecond => Rates.Count > 0 ? Median(Rates) : null;

    /// <summary>The time that a share of all queries stays within; null until there is one.</summary>
    public double? Percentile(double share)
    {
        if (sorted.Length != Microseconds.Count)
            Array.Sort(sorted = [.. Microseconds]);
        return sorted.Length > 0 ? sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)] : null;
    }

    private static double Median(List<double> values)
    {
        var ordered = values.Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }
}
