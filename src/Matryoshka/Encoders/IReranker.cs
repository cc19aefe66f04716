namespace Matryoshka;

/// <summary>
/// Scores documents against a query by reading both together, which is slower and more exact than comparing vectors:
/// meant for the few dozen or hundred best hits of a search. Safe for concurrent use.
/// </summary>
public interface IReranker : IDisposable
{
    /// <summary>Scores documents, best first; equal scores keep the documents' order.</summary>
    /// <param name="query">The query.</param>
    /// <param name="documents">The documents; none is null. An empty list gives an empty result.</param>
    /// <param name="topN">The most results wanted, 1 or more; null for all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="MatryoshkaException">The scores could not be had; the message says why.</exception>
    Task<IReadOnlyList<RerankResult>> RerankAsync(string query, IReadOnlyList<string> documents, int? topN = null, CancellationToken cancellationToken = default);

    /// <summary>An object of a type, e.g. a client within, or null; as <c>IEmbeddingGenerator.GetService</c>.</summary>
    object? GetService(Type serviceType, object? serviceKey = null);
}

/// <summary>A document's score.</summary>
/// <param name="Index">The document's place in the list given, from 0.</param>
/// <param name="Score">The model's score: larger is better; its range is the model's, and scores of different models do not compare.</param>
public readonly record struct RerankResult(int Index, double Score);
