namespace Matryoshka.Tuning.Exploring;

/// <summary>A plan and what exploring has told of it so far.</summary>
internal sealed class ExploredPlan(SearchPlan plan, string family, double seconds, double resident)
{
    private readonly List<float[]> chunks = [];

    public SearchPlan Plan => plan;

    public string Name { get; } = plan.ToString();

    public string Family => family;

    /// <summary>Seconds a query took on first acquaintance: good enough to choose with, not to report.</summary>
    public double Seconds => seconds;

    /// <summary>Bytes a vector that stay in memory.</summary>
    public double Resident => resident;

    /// <summary>The measure that decides, for the queries so far.</summary>
    public List<double> Primary { get; } = [];

    /// <summary>The plan that is no worse and cheaper, once there is one; then nothing more is measured.</summary>
    public string? DominatedBy { get; set; }

    public double Mean => Primary.Count == 0 ? 0 : Primary.Average();

    /// <summary>Values of the next queries: a measure after the other for each query.</summary>
    public void Add(float[] values, int metrics)
    {
        chunks.Add(values);
        for (var i = 0; i < values.Length; i += metrics)
            Primary.Add(values[i]);
    }

    /// <summary>Values of one measure over the queries so far.</summary>
    public double[] Values(int metric, int metrics) => [.. chunks.SelectMany(chunk => Enumerable.Range(0, chunk.Length / metrics).Select(q => (double)chunk[q * metrics + metric]))];
}
