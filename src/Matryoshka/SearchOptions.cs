using System.Text.Json.Nodes;

namespace Matryoshka;

/// <summary>What ranks the records.</summary>
public enum SearchMode
{
    /// <summary>Cosine similarity of vectors.</summary>
    Dense,

    /// <summary>BM25 of words (SQLite FTS5, Porter stemming).</summary>
    Keyword,

    /// <summary>Both, fused as <see cref="SearchOptions.Fusion"/> says.</summary>
    Hybrid,
}

/// <summary>How hybrid search makes one ranking of two. Both lists are at least 100 records deep.</summary>
public enum FusionMethod
{
    /// <summary>
    /// The weighted sum of where a record's scores lie between the last and the best of each list, 0 to 1: a convex combination of scores
    /// (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023). A keyword list that ended early counts from 0.
    /// </summary>
    Scores,

    /// <summary>The weighted sum of 1 / (60 + rank) (Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", SIGIR 2009).</summary>
    Ranks,
}

/// <summary>What to search for and how.</summary>
public sealed record SearchOptions
{
    /// <summary>How many hits to return, 1 to 10,000. Default 10.</summary>
    public int K { get; init; } = 10;

    /// <summary>What ranks the records. Default dense.</summary>
    public SearchMode Mode { get; init; }

    /// <summary>The funnel to run; null for one exact stage at <see cref="Dimensions"/> and <see cref="Precision"/> if either is set, else the collection's default plan.</summary>
    public SearchPlan? Plan { get; init; }

    /// <summary>The prefix to search at when there is no <see cref="Plan"/>.</summary>
    public int? Dimensions { get; init; }

    /// <summary>The precision to search at when there is no <see cref="Plan"/>.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Only records whose metadata matches.</summary>
    public Filter? Filter { get; init; }

    /// <summary>Whether hits carry their stored full vectors.</summary>
    public bool IncludeVectors { get; init; }

    /// <summary>
    /// Finds the reranker that the <see cref="Plan"/>'s last stage names; null when no plan names one. A keyword search with
    /// such a plan reranks the best by keyword. Rerankers are neither kept nor disposed.
    /// </summary>
    public Func<string, IReranker?>? Rerankers { get; init; }

    /// <summary>
    /// Threads that scan the rows of one search, where there are enough of them: at least 65,536 a thread. 0 for one a processor.
    /// Default 1, the best where many search at once. Inverted lists are read by one thread.
    /// </summary>
    public int Threads { get; init; } = 1;

    /// <summary>How hybrid search fuses its two rankings. Default by scores.</summary>
    public FusionMethod Fusion { get; init; }

    /// <summary>Weight of the keyword ranking in hybrid search against 1 for the dense one, from 0 up; null for 1.5 by scores and 1 by ranks.</summary>
    public double? KeywordWeight { get; init; }
}

/// <summary>One record found.</summary>
public sealed record SearchHit
{
    /// <summary>Place in the ranking, from 1.</summary>
    public required int Rank { get; init; }

    /// <summary>Cosine similarity (dense), BM25 (keyword; larger is better), the fused score (hybrid), or the reranker's score where the plan ends in one.</summary>
    public required double Score { get; init; }

    /// <summary>The prefix whose cosine <see cref="Score"/> is; null for scores of keywords, hybrid search and rerankers.</summary>
    public int? ScoreDimensions { get; init; }

    /// <summary>The precision <see cref="Score"/> was computed at; null for scores of keywords, hybrid search and rerankers.</summary>
    public Precision? ScorePrecision { get; init; }

    /// <summary>In hybrid search the rank in the dense list, if it was there.</summary>
    public int? DenseRank { get; init; }

    /// <summary>In hybrid search the rank in the keyword list, if it was there.</summary>
    public int? KeywordRank { get; init; }

    /// <summary>The place the record had before it was reranked; null where nothing was.</summary>
    public int? RetrievalRank { get; init; }

    /// <summary>The score the record had before it was reranked; null where nothing was.</summary>
    public double? RetrievalScore { get; init; }

    /// <summary>The record's key.</summary>
    public required string Key { get; init; }

    /// <summary>The record's text.</summary>
    public required string Text { get; init; }

    /// <summary>Where the text came from.</summary>
    public string? Source { get; init; }

    /// <summary>Where in the source it stands.</summary>
    public JsonObject? Position { get; init; }

    /// <summary>The record's metadata.</summary>
    public JsonObject? Metadata { get; init; }

    /// <summary>The stored full vector, unit length, when it was asked for.</summary>
    public ReadOnlyMemory<float>? Vector { get; init; }
}

/// <summary>What one stage did.</summary>
/// <param name="Stage">The stage in text form, or <c>keyword</c>, <c>fuse</c>, <c>embed</c>, <c>fetch</c>, or the reranker.</param>
/// <param name="In">Candidates scored.</param>
/// <param name="Out">Candidates kept.</param>
/// <param name="BytesRead">Bytes of planes read.</param>
/// <param name="Elapsed">Time taken.</param>
public sealed record StageReport(string Stage, long In, long Out, long BytesRead, TimeSpan Elapsed)
{
    /// <summary>Inverted lists read; null for a stage that reads none.</summary>
    public int? ListsRead { get; init; }
}

/// <summary>The answer to one search.</summary>
public sealed record SearchResults
{
    /// <summary>The hits, best first.</summary>
    public required IReadOnlyList<SearchHit> Hits { get; init; }

    /// <summary>The plan that ran; null for a keyword search.</summary>
    public SearchPlan? Plan { get; init; }

    /// <summary>What every stage did, in order.</summary>
    public required IReadOnlyList<StageReport> Stages { get; init; }

    /// <summary>Live records in the snapshot searched.</summary>
    public required long Rows { get; init; }
}
