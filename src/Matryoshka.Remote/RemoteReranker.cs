using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Matryoshka.Remote.Batching;
using Matryoshka.Remote.Protocols;
using Matryoshka.Remote.Transport;

namespace Matryoshka.Remote;

/// <summary>
/// Scores documents against a query over HTTP: Cohere, Jina, vLLM, Infinity, llama.cpp and compatible servers, and
/// text-embeddings-inference. More documents than a request may carry are scored in several; scores of one model compare
/// across requests, as a cross-encoder reads each document alone.
/// </summary>
public sealed class RemoteReranker : IReranker
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly RemoteModel model;
    private readonly RemoteOptions options;
    private readonly RequestSender sender;
    private readonly Uri address;
    private readonly BatchPlanner planner;
    private readonly RerankProtocol protocol;
    private readonly SemaphoreSlim window;

    private RemoteReranker(RemoteModel model, RemoteOptions options, ProviderTraits traits, string route)
    {
        this.model = model;
        this.options = options;
        address = Endpoint.Route(traits, options, model.Name, route);
        planner = new BatchPlanner(options.MaxBatchTexts ?? traits.MaxRerankDocuments, options.MaxBatchTokens ?? int.MaxValue, 1);
        protocol = new RerankProtocol(model.Provider);
        window = new SemaphoreSlim(options.MaxConcurrency);
        sender = new RequestSender(traits, options);
    }

    /// <summary>A reranker; nothing is sent yet.</summary>
    /// <param name="model">The model, e.g. <c>cohere:rerank-v3.5</c>; <c>tei:</c> alone for what the server runs.</param>
    /// <param name="options">Address, key and limits; null for the defaults. Recipes play no part.</param>
    /// <exception cref="MatryoshkaException">The provider has no reranking that this library speaks, a key or an address is missing, or an option is out of range.</exception>
    public static RemoteReranker Create(string model, RemoteOptions? options = null) => Create(RemoteModel.Parse(model), options);

    /// <inheritdoc cref="Create(string, RemoteOptions?)"/>
    public static RemoteReranker Create(RemoteModel model, RemoteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var traits = ProviderTraits.Of(model.Provider);
        return traits.RerankRoute is { } route
            ? new(model, (options ?? new()).Checked(), traits, route)
            : throw new MatryoshkaException($"'{traits.Word}' has no reranking that is spoken here; these have: {string.Join(", ", ProviderTraits.All.Where(t => t.RerankRoute is not null).Select(t => t.Word))}.");
    }

    /// <inheritdoc/>
    /// <exception cref="RemoteServiceException">The server cannot be had, refuses, or answers with something else than was asked for.</exception>
    public async Task<IReadOnlyList<RerankResult>> RerankAsync(string query, IReadOnlyList<string> documents, int? topN = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(documents);
        if (topN is < 1)
            throw new MatryoshkaException($"The best {topN} documents were asked for; 1 or more are allowed.");
        for (var i = 0; i < documents.Count; i++)
            if (documents[i] is null)
                throw new InvalidFormatException($"Document {i} is null; give a text, empty if need be.");
        var ranges = planner.Plan(documents);
        var parts = new IReadOnlyList<RerankResult>[ranges.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.MaxConcurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, ranges.Count, parallel, async (i, failed) =>
        {
            await window.WaitAsync(failed).ConfigureAwait(false);
            try
            {
                parts[i] = await ScoreAsync(query, documents, ranges[i], topN, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                window.Release();
            }
        }).ConfigureAwait(false);
        return [.. parts.SelectMany(part => part).OrderByDescending(r => r.Score).ThenBy(r => r.Index).Take(topN ?? int.MaxValue)];
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(RemoteModel) ? model : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Closes the connections, unless the client was given.</summary>
    public void Dispose()
    {
        sender.Dispose();
        window.Dispose();
    }

    private async Task<IReadOnlyList<RerankResult>> ScoreAsync(string query, IReadOnlyList<string> documents, TextRange range, int? topN, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(query, documents, range, topN, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailure failure) when (failure.Kind == FailureKind.TooLarge && range.Count > 1)
        {
            planner.Lower(failure.TextLimit is { } limit && limit < range.Count ? limit : int.MaxValue);
        }
        catch (RequestFailure failure)
        {
            throw sender.Error(failure, address);
        }
        var half = Math.Min((range.Count + 1) / 2, planner.MaxTexts);
        var first = await ScoreAsync(query, documents, range with { Count = half }, topN, cancellationToken).ConfigureAwait(false);
        var second = await ScoreAsync(query, documents, new(range.Start + half, range.Count - half), topN, cancellationToken).ConfigureAwait(false);
        return [.. first, .. second];
    }

    private async Task<IReadOnlyList<RerankResult>> AskAsync(string query, IReadOnlyList<string> documents, TextRange range, int? topN, CancellationToken cancellationToken)
    {
        var texts = new string[range.Count];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = documents[range.Start + i];
        var limit = topN < texts.Length && protocol.TakesTopN ? topN : null;
        var body = new ArrayBufferWriter<byte>(texts.Sum(t => t.Length) + 256);
        using (var json = new Utf8JsonWriter(body, Json))
            protocol.Write(json, model.Name, query, texts, limit);
        // Some servers send the documents back whatever they are told.
        var most = (1L << 20) + (8L * body.WrittenCount) + (1024L * range.Count);
        var results = await sender.SendAsync(address, body.WrittenMemory, most, bytes => Read(bytes, texts.Length), cancellationToken).ConfigureAwait(false);
        if (results.Count < (limit ?? texts.Length))
            throw new RequestFailure(FailureKind.Permanent, $"answered with {results.Count} scores for {texts.Length} documents.");
        return [.. results.Select(r => r with { Index = r.Index + range.Start })];
    }

    private List<RerankResult> Read(ReadOnlySpan<byte> body, int documents)
    {
        var answer = new RerankAnswer(documents);
        var reader = JsonAnswer.Reader(body);
        protocol.Read(ref reader, answer);
        return answer.Results;
    }
}
