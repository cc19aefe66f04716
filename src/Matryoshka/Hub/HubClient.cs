using Matryoshka.Hub;

namespace Matryoshka;

/// <summary>
/// Pulls models from a hub of the Hugging Face kind into the cache that the hub's own tools share, and finds those
/// already there. Safe for concurrent use, across processes too.
/// </summary>
public sealed class HubClient : IDisposable
{
    private readonly HubOptions options;
    private readonly HttpClient http;
    private readonly HubApi api;

    /// <summary>Creates a client; null takes <see cref="HubOptions.FromEnvironment()"/>.</summary>
    public HubClient(HubOptions? options = null)
    {
        this.options = options ??= HubOptions.FromEnvironment();
        if (options.Attempts < 1)
            throw new HubException($"{options.Attempts} tries were asked for; 1 or more is needed.");
        // Redirects are followed by hand: the token must not leave the hub's host.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = options.Patience }) { Timeout = Timeout.InfiniteTimeSpan };
        api = new HubApi(http, options);
    }

    /// <summary>
    /// Makes sure that a model's files are in the cache: its weights, tokenizer and descriptions, of one commit. What is
    /// there is not asked for again; an interrupted pull is resumed. Without network, or when offline, what the cache
    /// holds of the revision is used if its weights are there.
    /// </summary>
    /// <param name="model">A name of the catalogue, or <c>owner/name</c>; <c>@revision</c> (branch, tag or commit) may follow.</param>
    /// <param name="pull">The defaults when null.</param>
    /// <param name="cancellationToken">Ends the pull; what arrived is kept and resumed later.</param>
    /// <exception cref="UnknownModelException">The name is neither in the catalogue nor that of a repository.</exception>
    /// <exception cref="HubException">The hub refused or failed, or sent something else than it promised, and the cache does not hold the model.</exception>
    public async Task<PulledModel> PullAsync(string model, PullOptions? pull = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        pull ??= new PullOptions();
        var reference = ModelReference.Parse(model);
        if (options.Offline)
            return FindInCache(reference, pull) ?? throw new HubException($"'{model}' is not in the cache '{options.CacheFolder}', and offline was asked for.");
        try
        {
            return await PullAsync(reference, pull, cancellationToken).ConfigureAwait(false);
        }
        catch (HubUnreachableException error)
        {
            return FindInCache(reference, pull) ?? throw new HubException(error.Message, error.InnerException);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"'{model}' could not be saved to '{options.CacheFolder}': {error.Message}", error);
        }
    }

    /// <summary>Finds a model in the cache, without network; null when its weights are not there.</summary>
    /// <inheritdoc cref="PullAsync(string, PullOptions?, CancellationToken)" path="/param"/>
    /// <exception cref="UnknownModelException">The name is neither in the catalogue nor that of a repository.</exception>
    public PulledModel? FindInCache(string model, PullOptions? pull = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return FindInCache(ModelReference.Parse(model), pull ?? new PullOptions());
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private PulledModel? FindInCache(ModelReference reference, PullOptions pull)
    {
        var cache = new HubCache(options.CacheFolder, reference.Repository);
        if (cache.ResolveRevision(reference.Revision) is not { } commit || cache.FilesOf(commit) is not { Count: > 0 } files)
            return null;
        try
        {
            var needed = ModelFileList.Choose(files, reference, pull.ModelFile);
            return new PulledModel(reference.Repository, commit, cache.Snapshot(commit), needed[^1], needed, reference.Entry, 0);
        }
        catch (HubException)
        {
            return null;
        }
    }

    private async Task<PulledModel> PullAsync(ModelReference reference, PullOptions pull, CancellationToken cancellationToken)
    {
        var (commit, files) = await RetryAsync(ct => api.ListAsync(reference, ct), $"the description of '{reference.Repository}'", cancellationToken).ConfigureAwait(false);
        var cache = new HubCache(options.CacheFolder, reference.Repository);
        var needed = ModelFileList.Choose(files, reference, pull.ModelFile);
        long received = 0;
        foreach (var path in needed)
        {
            if (cache.Has(commit, path))
                continue;
            var file = await RetryAsync(ct => api.DescribeAsync(reference.Repository, commit, path, ct), $"'{path}' of '{reference.Repository}'", cancellationToken).ConfigureAwait(false);
            received += await new BlobDownload(api, cache, options, reference.Repository, commit, path, file, pull.Progress).RunAsync(cancellationToken).ConfigureAwait(false);
            cache.Link(commit, path, file.Checksum);
        }
        cache.WriteRevision(reference.Revision, commit);
        return new PulledModel(reference.Repository, commit, cache.Snapshot(commit), needed[^1], needed, reference.Entry, received);
    }

    private Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> request, string what, CancellationToken cancellationToken) => Retry.RunAsync(options, async () =>
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Patience);
        return await request(patience.Token).ConfigureAwait(false);
    }, what, cancellationToken);
}
