namespace Matryoshka;

/// <summary>Scores how well documents answer a query, usually with a model that reads both together. Safe for concurrent use.</summary>
public interface IReranker : IDisposable
{
    /// <summary>The name of the model that scores.</summary>
    string Name { get; }

    /// <summary>Scores documents against a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="documents">The documents.</param>
    /// <param name="top">How many of the best to return, 1 or more; null for all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Scores, best first; of equal ones the earlier document first.</returns>
    /// <exception cref="MatryoshkaException">The model or service failed; the message says how.</exception>
    Task<IReadOnlyList<RerankScore>> RerankAsync(string query, IReadOnlyList<string> documents, int? top = null, CancellationToken cancellationToken = default);
}

/// <summary>A document's score.</summary>
/// <param name="Index">The document's place in the list given.</param>
/// <param name="Score">The score; larger is better. Scores of different models do not compare.</param>
public readonly record struct RerankScore(int Index, double Score);
