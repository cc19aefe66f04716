namespace Matryoshka.Remote;

/// <summary>
/// How a service is reached. Everything has a default except what only the user can know; a class and not a record, so
/// that the key is never printed with the rest.
/// </summary>
public sealed class RemoteOptions
{
    /// <summary>
    /// The service's address, e.g. <c>http://localhost:8080</c>; a missing path such as <c>/v1</c> is added. Null for the
    /// provider's own.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The key itself, from configuration; prefer <see cref="ApiKeyVariable"/>.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// The environment variable that holds the key. Null for the provider's own (e.g. <c>OPENAI_API_KEY</c>) where the
    /// provider's own address is used, and for <c>MATRYOSHKA_API_KEY</c> where <see cref="Endpoint"/> names another: a key
    /// is never sent to an address it was not meant for.
    /// </summary>
    public string? ApiKeyVariable { get; init; }

    /// <summary>What the model needs; null to find it in the catalogue by the model's name.</summary>
    public ModelRecipe? Recipe { get; init; }

    /// <summary>The <c>api-version</c> of Azure OpenAI; null for 2024-10-21.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Whether the server puts the recipe's prompts before texts itself (TEI: by <c>prompt_name</c>); null for what the provider is known to do.</summary>
    public bool? ServerPrompts { get; init; }

    /// <summary>
    /// Whether to let the server cut when fewer dimensions are asked for. Null to do so where the catalogue lists the model
    /// as a service that cuts; otherwise the full vector is fetched and cut here. Never done for a recipe with an
    /// operation before the cut.
    /// </summary>
    public bool? ServerTruncation { get; init; }

    /// <summary>Requests in flight at once, 1 or more, over all calls of one generator.</summary>
    public int MaxConcurrency { get; init; } = 4;

    /// <summary>The most texts a request carries; null for the provider's limit. Learned downwards from what the server refuses.</summary>
    public int? MaxBatchTexts { get; init; }

    /// <summary>The most tokens a request carries, estimated as a third of its UTF-8 bytes; null for the provider's limit.</summary>
    public int? MaxBatchTokens { get; init; }

    /// <summary>Further attempts after one that failed for a passing reason, 0 or more.</summary>
    public int MaxRetries { get; init; } = 6;

    /// <summary>The wait before the second attempt where the server names none; it doubles with each, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait between attempts where the server names none.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest <c>Retry-After</c> obeyed; a server that asks for more fails the request with that said.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The time one attempt may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>
    /// The client to send with, for proxies, certificates or other handlers; not disposed here. It should not follow
    /// redirects: its key would go with them. Null for one of this library's own.
    /// </summary>
    public HttpClient? HttpClient { get; init; }

    /// <summary>The clock that waits are measured by.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal RemoteOptions Checked()
    {
        Require(MaxConcurrency is >= 1 and <= 1024, nameof(MaxConcurrency), MaxConcurrency, "1 to 1,024");
        Require(MaxBatchTexts is null or >= 1, nameof(MaxBatchTexts), MaxBatchTexts, "1 or more");
        Require(MaxBatchTokens is null or >= 1, nameof(MaxBatchTokens), MaxBatchTokens, "1 or more");
        Require(MaxRetries is >= 0 and <= 100, nameof(MaxRetries), MaxRetries, "0 to 100");
        var day = TimeSpan.FromDays(1);
        foreach (var (name, value) in new[] { (nameof(RetryDelay), RetryDelay), (nameof(MaxRetryDelay), MaxRetryDelay), (nameof(MaxRetryAfter), MaxRetryAfter), (nameof(Timeout), Timeout) })
            Require(value > TimeSpan.Zero && value <= day, name, value, "more than 0, up to a day");
        if (Endpoint is { } endpoint)
        {
            if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https"))
                throw new MatryoshkaException($"The endpoint '{(endpoint.IsAbsoluteUri ? endpoint.Scheme + ":" : endpoint)}' is not an address of a service; give one that begins with http:// or https://.");
            if (endpoint.UserInfo.Length > 0)
                throw new MatryoshkaException($"The endpoint {endpoint.Host} was given with a user or password inside; give a key through an environment variable instead.");
        }
        return this;
    }

    private static void Require(bool holds, string name, object? value, string allowed)
    {
        if (!holds)
            throw new MatryoshkaException($"{name} is {value}; {allowed} is allowed.");
    }
}
