using System.Diagnostics;
using System.Runtime.CompilerServices;
using Matryoshka.Search;
using Matryoshka.Storage;

namespace Matryoshka;

public sealed partial class Collection
{
    private const int MaxK = 10_000;
    private const int QueryBatch = 256;

    /// <summary>The records nearest to a text.</summary>
    /// <exception cref="DimensionNotAllowedException">The options ask for a dimension the recipe does not allow.</exception>
    /// <exception cref="MatryoshkaException">The collection was opened without a generator, or the options contradict each other.</exception>
    public async Task<SearchResults> SearchAsync(string text, SearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        options = Check(options);
        var reranker = Reranking.Find(options);
        var reports = new List<StageReport>();
        ReadOnlyMemory<float>? vector = null;
        if (options.Mode != SearchMode.Keyword)
        {
            var started = Stopwatch.GetTimestamp();
            vector = (await EmbedQueriesAsync([text], cancellationToken).ConfigureAwait(false))[0];
            reports.Add(new("embed", 1, 1, 0, Stopwatch.GetElapsedTime(started)));
        }
        return await RunAsync(new(text, vector, null), options, reports, reranker, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The records nearest to a vector, of full length or of any dimension the recipe allows.</summary>
    /// <exception cref="InvalidVectorException">The vector is zero, or holds NaN or infinity.</exception>
    /// <exception cref="DimensionNotAllowedException">Its length is not an allowed dimension.</exception>
    public Task<SearchResults> SearchAsync(ReadOnlyMemory<float> vector, SearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Check(options);
        if (options.Mode != SearchMode.Dense)
            throw new MatryoshkaException("A vector has no words: keyword and hybrid search need a text.");
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Run(new(null, vector, null), options, []));
    }

    /// <summary>The records nearest to a stored one, without itself: recommendation.</summary>
    /// <exception cref="MatryoshkaException">There is no record of that key.</exception>
    public async Task<SearchResults> SimilarAsync(string key, SearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Check(options);
        if (options.Mode != SearchMode.Dense)
            throw new MatryoshkaException("Similar records are found by vector: leave the mode at dense.");
        ArgumentException.ThrowIfNullOrEmpty(key);
        cancellationToken.ThrowIfCancellationRequested();
        var reranker = Reranking.Find(options);
        var (text, found) = store.QueryVectors(session =>
        {
            var stored = session.Catalog.ByKey(key) ?? throw new MatryoshkaException($"There is no record '{key}' in '{Directory}'.");
            return (stored.Text, SearchEngine.Run(session, store.Meta, new(null, ReadVector(session.Snapshot, stored.Id), stored.Id), Reranking.Candidates(options, left: 1), []));
        });
        return reranker is null ? found : await Reranking.RunAsync(reranker, text, options, found, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Answers many texts, in their order, embedding them in batches and searching on all cores. A text in which the model
    /// knows no word has no dense hits.
    /// </summary>
    public async IAsyncEnumerable<SearchResults> SearchManyAsync(IEnumerable<string> texts, SearchOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options = Check(options);
        var reranker = Reranking.Find(options);
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        foreach (var batch in texts.Chunk(QueryBatch))
        {
            var vectors = options.Mode == SearchMode.Keyword ? null : await EmbedOrLeaveAsync(batch, cancellationToken).ConfigureAwait(false);
            var answers = new SearchResults[batch.Length];
            await Parallel.ForAsync(0, batch.Length, parallel, async (i, _) =>
                answers[i] = await RunAsync(new(batch[i], vectors?[i], null), options, [], reranker, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            foreach (var answer in answers)
                yield return answer;
        }
    }

    private SearchResults Run(SearchRequest request, SearchOptions options, List<StageReport> reports) =>
        store.QueryVectors(session => SearchEngine.Run(session, store.Meta, request, options, reports));

    // The session has ended before the reranker runs: it may take long, and a transaction held open keeps the log growing.
    private async Task<SearchResults> RunAsync(SearchRequest request, SearchOptions options, List<StageReport> reports, IReranker? reranker, CancellationToken cancellationToken)
    {
        var found = Run(request, Reranking.Candidates(options), reports);
        return reranker is null ? found : await Reranking.RunAsync(reranker, request.Text!, options, found, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ReadOnlyMemory<float>[]> EmbedQueriesAsync(string[] texts, CancellationToken cancellationToken)
    {
        if (generator is null)
            throw new MatryoshkaException($"'{Directory}' was opened without a generator for '{Recipe.Name}', so texts cannot be embedded: search by vector, by keyword or by stored record, or open it with that model.");
        var embeddings = await generator.GenerateAsync(texts, EmbeddingRole.Query, null, cancellationToken).ConfigureAwait(false);
        if (embeddings.Count != texts.Length)
            throw new MatryoshkaException($"The generator was given {texts.Length} texts and returned {embeddings.Count} vectors.");
        for (var i = 0; i < texts.Length; i++)
            if (embeddings[i].Vector.Span.IndexOfAnyExcept(0f) < 0)
                throw new InvalidVectorException($"The query '{(texts[i].Length > 80 ? texts[i][..80] + "..." : texts[i])}' has no word the model knows, so it has no vector: use other words, or keyword search.");
        return [.. embeddings.Select(e => e.Vector)];
    }

    // One text without a known word must not end a run of thousands: it is left without a vector.
    private async Task<ReadOnlyMemory<float>?[]> EmbedOrLeaveAsync(string[] texts, CancellationToken cancellationToken)
    {
        try
        {
            return [.. await EmbedQueriesAsync(texts, cancellationToken).ConfigureAwait(false)];
        }
        catch (InvalidVectorException) when (texts.Length > 1)
        {
            var half = texts.Length / 2;
            return [.. await EmbedOrLeaveAsync(texts[..half], cancellationToken).ConfigureAwait(false),
                    .. await EmbedOrLeaveAsync(texts[half..], cancellationToken).ConfigureAwait(false)];
        }
        catch (InvalidVectorException)
        {
            return [null];
        }
    }

    internal static void RequireK(int k)
    {
        if (k is < 1 or > MaxK)
            throw new MatryoshkaException($"{k} hits were asked for; 1 to {MaxK} are allowed.");
    }

    private static SearchOptions Check(SearchOptions? options)
    {
        options ??= new();
        RequireK(options.K);
        if (options.Threads < 0)
            throw new MatryoshkaException($"A search on {options.Threads} threads is not possible: give 1 or more, or 0 for one a processor.");
        if (options.KeywordWeight is { } weight && !(double.IsFinite(weight) && weight >= 0))
            throw new MatryoshkaException($"The keyword weight {weight} is not a number from 0 up.");
        return options;
    }
}
