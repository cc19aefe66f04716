using System.Text.Json.Serialization;

namespace Matryoshka.Tuning;

/// <summary>What to measure and what to hold a recommendation to.</summary>
public sealed record TuneOptions
{
    /// <summary>Hits a search returns, 1 to 1,000. Default 10.</summary>
    public int K { get; init; } = 10;

    /// <summary>The measure that decides. Default nDCG at k where there are judgements, overlap at k elsewhere.</summary>
    public Metric? Metric { get; init; }

    /// <summary>The share of the full ranking's quality to keep, above 0 and up to 1, or up to 2 where rerankers may add to it. Default 0.99.</summary>
    public double Keep { get; init; } = 0.99;

    /// <summary>The 95th percentile of a query's time that must not be passed; null for none.</summary>
    public TimeSpan? P95 { get; init; }

    /// <summary>Bytes of memory that must not be passed; null for none.</summary>
    public long? Memory { get; init; }

    /// <summary>Rows to project memory, disk, time and money to; null for as many as there are.</summary>
    public long? Rows { get; init; }

    /// <summary>Time for all of it. Default 100 seconds.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Queries at the same time while quality is measured; times are always measured with one. 0 for one a processor.</summary>
    public int Threads { get; init; }

    /// <summary>What memory, disk and processors cost.</summary>
    public Prices Prices { get; init; } = Prices.Default;

    /// <summary>Plans to choose from; null for a grid over the collection's dimensions and precisions.</summary>
    public IReadOnlyList<SearchPlan>? Plans { get; init; }

    /// <summary>
    /// Rerankers by the names that plans give them. Each is tried over the plan recommended without it; plans that end in one may also be among <see cref="Plans"/>.
    /// Half of the time goes to them. They need judgements and texts, and are not disposed.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, IReranker> Rerankers { get; init; } = new Dictionary<string, IReranker>();

    /// <summary>A file that keeps what has been measured, so that an interrupted run goes on; null for none.</summary>
    public string? StateFile { get; init; }

    /// <summary>The share of relevant judgements naming unknown records from which on they are refused. Default 0.1.</summary>
    public double UnknownShare { get; init; } = 0.1;

    /// <summary>Whether the queries are sentences held out from the records: the report says so.</summary>
    public bool KnownItem { get; init; }

    /// <exception cref="MatryoshkaException">An option is out of range.</exception>
    internal void Check()
    {
        if (K is < 1 or > 1000)
            throw new MatryoshkaException($"{K} hits were asked for; 1 to 1,000 can be tuned for.");
        var most = Rerankers.Count > 0 ? 2 : 1;
        if (!(Keep > 0 && Keep <= most))
            throw new MatryoshkaException(FormattableString.Invariant($"A share of {Keep:P1} was to be kept; it must be above 0 % and at most {most:P0}{(most == 1 ? ", or 200 % where a reranker may add to it" : "")}."));
        foreach (var plan in Plans ?? [])
            if (plan.Rerank is { } rerank && !Rerankers.ContainsKey(rerank.Name))
                throw new MatryoshkaException($"The plan '{plan}' ends in the reranker '{rerank.Name}', which is not known here: give it in TuneOptions.Rerankers.");
        if (P95 <= TimeSpan.Zero || Memory <= 0 || Rows <= 0 || Budget <= TimeSpan.Zero || Threads < 0 || UnknownShare is not (>= 0 and <= 1))
            throw new MatryoshkaException("Limits of time, memory and rows must be above 0, threads 0 or more, and the share of unknown records between 0 and 1.");
    }
}
