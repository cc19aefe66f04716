using System.Runtime.CompilerServices;
using Matryoshka.Remote.Batching;
using Matryoshka.Remote.Protocols;
using Matryoshka.Remote.Transport;
using Microsoft.Extensions.AI;

namespace Matryoshka.Remote;

/// <summary>
/// Embeds texts over HTTP by a model's recipe: prompts or input types by role, requests bounded in number, size and
/// concurrency, retries, and a check of every answer. Vectors come back in the order of the texts, cut to the dimensions
/// asked for and of length 1. Safe for concurrent use.
/// </summary>
/// <remarks>
/// A failure that will not pass stops the call with the server's own message; requests already under way are still
/// awaited. What one call to <see cref="GenerateAsync"/> had received by then is lost unless a cache stands around this
/// generator (<see cref="MatryoshkaCacheEmbeddingGenerator"/>), which stores each answer as it arrives.
/// <c>Collection.UpsertAsync</c> calls once a batch of records and commits each batch, so an import that stops keeps every batch
/// before, and another run sends only what is missing.
/// </remarks>
public sealed class RemoteEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly RemoteModel model;
    private readonly ModelRecipe recipe;
    private readonly int concurrency;
    private readonly RequestSender sender;
    private readonly BatchPlanner planner;
    private readonly EmbeddingRequester requester;
    private readonly SemaphoreSlim window;
    private readonly EmbeddingGeneratorMetadata metadata;
    private readonly Func<CancellationToken, Task>? prepare;
    private volatile bool prepared;

    private RemoteEmbeddingGenerator(RemoteModel model, ModelRecipe recipe, RemoteOptions options, RequestSender sender, TeiInfo? info)
    {
        this.model = model;
        this.recipe = recipe;
        this.sender = sender;
        var traits = ProviderTraits.Of(model.Provider);
        concurrency = options.MaxConcurrency;
        window = new SemaphoreSlim(concurrency);
        planner = new BatchPlanner(options.MaxBatchTexts ?? traits.MaxTexts, options.MaxBatchTokens ?? traits.MaxTokens, options.MaxBatchTexts is null ? concurrency : 1);
        var entry = ModelCatalogue.TryFind(recipe.Name, out var found) ? found : null;
        var prefixes = recipe.Dimensions.Kind is NestingKind.Trained or NestingKind.AnyPrefix && recipe.BeforeTruncation == PreTruncation.None;
        requester = new EmbeddingRequester(
            model, recipe,
            serverPrompts: options.ServerPrompts ?? traits.AddsPrompts,
            serverTruncates: prefixes && (options.ServerTruncation ?? entry?.Service == true),
            requestFull: entry?.ServiceDefaultDimensions is { } size && size != recipe.Dimensions.Full,
            Endpoint.Route(traits, options, model.Name, traits.Route), sender, planner);
        metadata = new EmbeddingGeneratorMetadata(traits.Word, new Uri(Endpoint.Shown(Endpoint.Base(traits, options))), model.Name, recipe.Dimensions.Full);
        if (info is not null)
            Learn(info);
        else if (model.Provider == RemoteProvider.Tei)
            prepare = token => AskTeiAsync(options, token);
        prepared = prepare is null;
    }

    /// <summary>A generator for a model; nothing is sent yet.</summary>
    /// <param name="model">The model, e.g. <c>openai:text-embedding-3-small</c>.</param>
    /// <param name="options">Address, key, recipe and limits; null for the defaults.</param>
    /// <exception cref="UnknownModelException">The catalogue does not know the model, and the options give no recipe.</exception>
    /// <exception cref="MatryoshkaException">A key or an address is missing, or an option is out of range.</exception>
    public static RemoteEmbeddingGenerator Create(string model, RemoteOptions? options = null) => Create(RemoteModel.Parse(model), options);

    /// <inheritdoc cref="Create(string, RemoteOptions?)"/>
    public static RemoteEmbeddingGenerator Create(RemoteModel model, RemoteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options = (options ?? new()).Checked();
        if (model.Name.Length == 0 && options.Recipe is null)
            throw new MatryoshkaException($"'{model}' names no model: name one, give a recipe, or use {nameof(CreateAsync)}, which asks the server.");
        return Build(model, options, null);
    }

    /// <summary>A generator for a model, after asking a TEI server for its model and limits; other providers are not asked.</summary>
    /// <param name="model">The model; <c>tei:</c> alone for whatever the server runs.</param>
    /// <param name="options">Address, key, recipe and limits; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="RemoteServiceException">The server cannot be had, or runs another model.</exception>
    /// <exception cref="UnknownModelException">The catalogue does not know the model, and the options give no recipe.</exception>
    public static async Task<RemoteEmbeddingGenerator> CreateAsync(string model, RemoteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var parsed = RemoteModel.Parse(model);
        options = (options ?? new()).Checked();
        if (parsed.Provider != RemoteProvider.Tei)
            return Create(parsed, options);
        var traits = ProviderTraits.Of(RemoteProvider.Tei);
        using var sender = new RequestSender(traits, options);
        var address = Endpoint.Route(traits, options, "", "/info");
        try
        {
            var info = await sender.SendAsync(address, null, 1 << 20, TeiInfo.Read, cancellationToken).ConfigureAwait(false);
            return Build(parsed.Name.Length > 0 ? parsed : parsed with { Name = info.ModelId }, options, info);
        }
        catch (RequestFailure failure)
        {
            throw sender.Error(failure, address);
        }
    }

    private static RemoteEmbeddingGenerator Build(RemoteModel model, RemoteOptions options, TeiInfo? info)
    {
        var recipe = options.Recipe ?? ModelCatalogue.Find(model.Name).Recipe;
        var sender = new RequestSender(ProviderTraits.Of(model.Provider), options);
        try
        {
            return new(model, recipe, options, sender, info);
        }
        catch
        {
            sender.Dispose();
            throw;
        }
    }

    /// <summary>Embeds texts in their order.</summary>
    /// <param name="values">The texts, without prompts.</param>
    /// <param name="options"><see cref="EmbeddingGenerationOptions.Dimensions"/> picks a prefix that the recipe allows; the role is that of <see cref="RoleExtensions.RoleProperty"/>; a <see cref="EmbeddingGenerationOptions.ModelId"/> must name this model.</param>
    /// <param name="cancellationToken">Ends the call and the requests under way.</param>
    /// <exception cref="DimensionNotAllowedException">The recipe does not allow the dimensions asked for; nothing was sent.</exception>
    /// <exception cref="InvalidVectorException">A text has no vector: the server finds it too long, or answered with something not finite or all zeros.</exception>
    /// <exception cref="RemoteServiceException">The server cannot be had, refuses, or answers with something else than was asked for.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var texts = values as IReadOnlyList<string> ?? [.. values];
        var vectors = new float[texts.Count][];
        var tokens = await EmbedAsync(texts, options, (start, part) => part.CopyTo(vectors, start), cancellationToken).ConfigureAwait(false);
        var result = new GeneratedEmbeddings<Embedding<float>>(vectors.Length);
        if (tokens > 0)
            result.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        var now = DateTimeOffset.UtcNow;
        foreach (var vector in vectors)
            result.Add(new Embedding<float>(vector) { ModelId = model.Name, CreatedAt = now });
        return result;
    }

    /// <summary>
    /// Embeds texts as they arrive, in their order, holding no more than the requests in flight: memory does not grow with
    /// the number of texts.
    /// </summary>
    /// <param name="texts">The texts, without prompts.</param>
    /// <param name="role">What they are.</param>
    /// <param name="dimensions">A prefix that the recipe allows; null for the full vector.</param>
    /// <param name="cancellationToken">Ends the stream and the requests under way.</param>
    /// <exception cref="MatryoshkaException">As <see cref="GenerateAsync"/>; everything before the failed request was yielded.</exception>
    public async IAsyncEnumerable<EmbeddedText> StreamAsync(
        IAsyncEnumerable<string> texts, EmbeddingRole role = EmbeddingRole.Document, int? dimensions = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var d = recipe.Dimensions.Require(dimensions ?? recipe.Dimensions.Full);
        await PrepareAsync(cancellationToken).ConfigureAwait(false);
        var flying = new Queue<(string[] Texts, Task<float[]?[]> Vectors)>();
        try
        {
            await foreach (var batch in planner.Gather(texts, cancellationToken).ConfigureAwait(false))
            {
                flying.Enqueue((batch, EmbedBatchAsync(batch, role, d, cancellationToken)));
                if (flying.Count < concurrency)
                    continue;
                var (sent, vectors) = flying.Peek();
                var embedded = await vectors.ConfigureAwait(false);
                flying.Dequeue();
                for (var i = 0; i < sent.Length; i++)
                    yield return new(sent[i], embedded[i]);
            }
            while (flying.TryPeek(out var head))
            {
                var embedded = await head.Vectors.ConfigureAwait(false);
                flying.Dequeue();
                for (var i = 0; i < head.Texts.Length; i++)
                    yield return new(head.Texts[i], embedded[i]);
            }
        }
        finally
        {
            // After an error, or when the caller stops reading: requests must not go on behind its back.
            foreach (var (_, rest) in flying)
                await ((Task)rest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ModelRecipe) ? recipe
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : serviceType == typeof(RemoteModel) ? model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes the connections, unless the client was given.</summary>
    public void Dispose()
    {
        sender.Dispose();
        window.Dispose();
    }

    /// <summary>
    /// Embeds texts and hands vectors over as answers arrive, in any order, from several threads at once. After a failure no
    /// further request begins, those under way are awaited and handed over too, and then the failure is thrown.
    /// </summary>
    /// <returns>The tokens the server counted.</returns>
    internal async Task<long> EmbedAsync(IReadOnlyList<string> texts, EmbeddingGenerationOptions? options, VectorsReady ready, CancellationToken cancellationToken)
    {
        if (options?.ModelId is { } asked && asked != model.Name && asked != recipe.Name)
            throw new MatryoshkaException($"The model '{asked}' was asked for, but this generator runs '{model}'.");
        var d = recipe.Dimensions.Require(options?.Dimensions ?? recipe.Dimensions.Full);
        for (var i = 0; i < texts.Count; i++)
            if (texts[i] is null)
                throw new InvalidFormatException($"Text {i} is null; give a text, empty if need be.");
        var call = new EmbeddingRequester.Call(texts, options.GetRole(), d, ready);
        await PrepareAsync(cancellationToken).ConfigureAwait(false);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken };
        // The body's own token falls with the first failure: it keeps others from beginning, not those under way from ending.
        await Parallel.ForEachAsync(planner.Plan(texts), parallel, async (range, failed) =>
        {
            await window.WaitAsync(failed).ConfigureAwait(false);
            try
            {
                await requester.RunAsync(call, range, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                window.Release();
            }
        }).ConfigureAwait(false);
        return call.Tokens;
    }

    private async Task<float[]?[]> EmbedBatchAsync(string[] batch, EmbeddingRole role, int d, CancellationToken cancellationToken)
    {
        var vectors = new float[]?[batch.Length];
        await window.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await requester.RunAsync(new(batch, role, d, (start, part) => part.CopyTo(vectors, start)), new(0, batch.Length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            window.Release();
        }
        return vectors;
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (prepared)
            return;
        await prepare!(cancellationToken).ConfigureAwait(false);
        prepared = true;
    }

    // A server without /info still embeds, in batches of the default size; another model behind it is an error at once.
    private async Task AskTeiAsync(RemoteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var address = Endpoint.Route(ProviderTraits.Of(RemoteProvider.Tei), options, "", "/info");
            Learn(await sender.SendAsync(address, null, 1 << 20, TeiInfo.Read, cancellationToken).ConfigureAwait(false));
        }
        catch (RequestFailure failure) when (failure.Kind == FailureKind.Permanent)
        {
        }
        catch (RequestFailure failure)
        {
            throw sender.Error(failure, metadata.ProviderUri!);
        }
    }

    private void Learn(TeiInfo info)
    {
        if (info.IsReranker)
            throw new RemoteServiceException($"{metadata.ProviderUri} runs '{info.ModelId}', which scores pairs of texts and does not embed them; use it as a reranker.");
        if (ModelCatalogue.TryFind(info.ModelId, out var served) && ModelCatalogue.TryFind(recipe.Name, out var wanted) && served.Name != wanted.Name)
            throw new RemoteServiceException($"{metadata.ProviderUri} runs '{served.Name}', not '{recipe.Name}'; their vectors do not compare. Name the model that it runs.");
        if (info.MaxBatchTexts is { } most)
            planner.Lower(most);
    }
}

/// <summary>A text and its vector.</summary>
/// <param name="Text">The text as given, without a prompt.</param>
/// <param name="Vector">The vector, of length 1.</param>
public readonly record struct EmbeddedText(string Text, ReadOnlyMemory<float> Vector);
