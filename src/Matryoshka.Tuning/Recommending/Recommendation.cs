namespace Matryoshka.Tuning;

/// <summary>The plan to use, and why not another.</summary>
public sealed record Recommendation
{
    /// <summary>The plan to use; null if none keeps what was asked within the limits.</summary>
    public PlanResult? Plan { get; init; }

    /// <summary>The next cheaper plan.</summary>
    public PlanResult? Cheaper { get; init; }

    /// <summary>Why not that.</summary>
    public string? WhyNotCheaper { get; init; }

    /// <summary>The next dearer plan that keeps more.</summary>
    public PlanResult? Dearer { get; init; }

    /// <summary>What that would add.</summary>
    public string? WhatDearerAdds { get; init; }

    /// <summary>The best of the plans that end in a reranker; null if none was tried.</summary>
    public PlanResult? Reranked { get; init; }

    /// <summary>What that would add.</summary>
    public string? WhatRerankingAdds { get; init; }

    /// <summary>A cheaper plan that keeps enough as far as these queries tell, but they are too few to be sure of it.</summary>
    public PlanResult? Unsure { get; init; }

    /// <summary>How many queries would show it; null if there is no such plan.</summary>
    public int? QueriesNeeded { get; init; }

    /// <summary>The recommendation in a sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What to be careful of.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
