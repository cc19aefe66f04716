using System.Diagnostics;

namespace Matryoshka.Search;

/// <summary>Runs the last stage of a plan that ends in a reranker, over the hits that the stages before it found.</summary>
internal static class Reranking
{
    /// <summary>What to search for so that the reranker has its candidates.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="left">Hits that are left out of what is found: the record itself.</param>
    public static SearchOptions Candidates(SearchOptions options, int left = 0)
    {
        if (options.Plan is not { Rerank: { } stage } plan)
            return options;
        var depth = plan.Stages[^1].Keep!.Value - left;
        if (Math.Min(depth, stage.Keep ?? depth) < options.K)
            throw new MatryoshkaException($"The plan '{plan}' keeps fewer than the {options.K} hits asked for: raise its x, or ask for fewer.");
        if (options.Dimensions is not null || options.Precision is not null)
            throw new MatryoshkaException("A plan says its own dimensions and precisions: give either a plan, or dimensions and precision.");
        return options with { K = depth, Plan = plan.Retrieval };
    }

    /// <summary>The reranker that a plan names; null when it names none.</summary>
    public static IReranker? Find(SearchOptions options)
    {
        if (options.Plan?.Rerank is not { } stage)
            return null;
        return options.Rerankers?.Invoke(stage.Name)
            ?? throw new MatryoshkaException($"The plan '{options.Plan}' ends in the reranker '{stage.Name}', which is not known here: give what finds it (SearchOptions.Rerankers), or leave the stage out.");
    }

    /// <summary>Has a reranker put the hits in order, and adds what it did to the account of the stages.</summary>
    public static async Task<SearchResults> RunAsync(IReranker reranker, string query, SearchOptions options, SearchResults found, CancellationToken cancellationToken)
    {
        var stage = options.Plan!.Rerank!;
        if (string.IsNullOrWhiteSpace(query))
            throw new MatryoshkaException($"The stage '{stage}' reads the query's text, but there is none: search with a text, or leave the stage out.");
        var started = Stopwatch.GetTimestamp();
        var hits = found.Hits;
        if (hits.FirstOrDefault(hit => string.IsNullOrWhiteSpace(hit.Text)) is { } mute)
            throw new MatryoshkaException($"The stage '{stage}' reads texts, but record '{mute.Key}' has none: leave the stage out, or store the texts.");
        var ranked = hits.Count == 0 ? [] : await reranker.RerankAsync(query, [.. hits.Select(hit => hit.Text)], Math.Min(options.K, hits.Count), cancellationToken).ConfigureAwait(false);
        var ordered = new List<SearchHit>(ranked.Count);
        var seen = new HashSet<int>();
        foreach (var (index, score) in ranked.Take(options.K))
        {
            if ((uint)index >= (uint)hits.Count || !seen.Add(index) || !double.IsFinite(score))
                throw new MatryoshkaException($"The reranker '{stage.Name}' was given {hits.Count} texts and answered with number {index} at {score}; its answer cannot be used.");
            var hit = hits[index];
            ordered.Add(hit with { Rank = ordered.Count + 1, Score = score, ScoreDimensions = null, ScorePrecision = null, RetrievalRank = hit.Rank, RetrievalScore = hit.Score });
        }
        var report = new StageReport(stage.ToString(), hits.Count, ordered.Count, 0, Stopwatch.GetElapsedTime(started));
        return found with { Hits = ordered, Plan = options.Plan, Stages = [.. found.Stages, report] };
    }
}
