using System.Diagnostics;
using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Tuning.Reranking;

/// <summary>A query's candidates as a reranker scores them.</summary>
/// <param name="Ids">The candidates, as they were found.</param>
/// <param name="Scores">The score of each.</param>
/// <param name="Seconds">What scoring took.</param>
internal sealed record ScoredPairs(long[] Ids, double[] Scores, double Seconds)
{
    /// <summary>What a plan returns that has the first so many reread: best first, equals as they were found.</summary>
    public long[] Reordered(int depth) => [.. Enumerable.Range(0, Math.Min(depth, Ids.Length)).OrderByDescending(i => Scores[i]).Select(i => Ids[i])];
}

/// <summary>Has a reranker read what was found. Its calls are dear, so none whose answer the journal holds is made again.</summary>
internal sealed class PairScorer(Collection collection, Workbench bench, Journal journal)
{
    private readonly HashSet<string> warm = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Reranker, SearchPlan Retrieval, int Query), ScoredPairs> scored = [];

    public ScoredPairs Score(RerankFamily family, int query, CancellationToken cancellationToken)
    {
        var key = (family.Reranker, family.Retrieval, query);
        return scored.TryGetValue(key, out var known) ? known : scored[key] = Measure(family, query, cancellationToken);
    }

    private ScoredPairs Measure(RerankFamily family, int query, CancellationToken cancellationToken)
    {
        var ids = Candidates(family.Retrieval, query).Ids;
        var measured = journal.Of(FormattableString.Invariant($"pairs {family.Reranker} {family.Retrieval} {query}"), () =>
        {
            var texts = Texts(ids, family.Plans[^1]);
            WarmUp(family.Reranker, query, texts, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            var ranked = Rerank(family.Reranker, query, texts, null, cancellationToken);
            return (double[])[Stopwatch.GetElapsedTime(started).TotalSeconds, .. InOrder(family.Reranker, ranked, texts.Length)];
        });
        return new([.. ids], measured[1..], measured[0]);
    }

    /// <summary>One search as a user's would run, from the vector on.</summary>
    /// <returns>Seconds in all, and of its first stage.</returns>
    public (double Seconds, double Scan) Search(SearchPlan plan, int query, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var found = Candidates(new(plan.Stages), query);
        Rerank(plan.Rerank!.Name, query, Texts(found.Ids, plan), bench.Options.K, cancellationToken);
        return (Stopwatch.GetElapsedTime(started).TotalSeconds, found.Stages[0].Elapsed.TotalSeconds);
    }

    private Neighbours Candidates(SearchPlan retrieval, int query) =>
        bench.Reader.Nearest(bench.Evaluator.Truth.Queries[query].Vector.Span, RerankFamily.DepthOf(retrieval), retrieval);

    private string[] Texts(IReadOnlyList<long> ids, SearchPlan plan)
    {
        var keys = bench.Reader.Keys(ids);
        var texts = new string[ids.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var key = keys[i] ?? throw new MatryoshkaException($"A record was deleted or replaced in '{collection.Directory}' while it was measured: start again.");
            texts[i] = collection.GetAsync(key).GetAwaiter().GetResult()?.Text ?? "";
            if (string.IsNullOrWhiteSpace(texts[i]))
                throw new MatryoshkaException($"The plan '{plan}' reads texts, but record '{key}' has none: tune without rerankers, or store the texts.");
        }
        return texts;
    }

    // The first call of a model builds what the others find ready.
    private void WarmUp(string name, int query, string[] texts, CancellationToken cancellationToken)
    {
        if (warm.Add(name) && texts.Length > 0)
            Rerank(name, query, texts[..1], null, cancellationToken);
    }

    private IReadOnlyList<RerankResult> Rerank(string name, int query, string[] texts, int? topN, CancellationToken cancellationToken) =>
        texts.Length == 0 ? [] : bench.Options.Rerankers[name].RerankAsync(bench.Evaluator.Truth.Queries[query].Text!, texts, topN, cancellationToken).GetAwaiter().GetResult();

    private static double[] InOrder(string name, IReadOnlyList<RerankResult> ranked, int count)
    {
        var scores = new double[count];
        Array.Fill(scores, double.NaN);
        foreach (var (index, score) in ranked)
            if ((uint)index < (uint)count)
                scores[index] = score;
        return ranked.Count == count && Array.TrueForAll(scores, double.IsFinite) ? scores
            : throw new MatryoshkaException($"The reranker '{name}' was given {count} texts and did not answer with one finite score for each; it cannot be measured.");
    }
}
