namespace Matryoshka;

/// <summary>A model hub that refused, failed, or sent something else than it promised.</summary>
public sealed class HubException : MatryoshkaException
{
    /// <summary>Creates the error with a message fit for a user.</summary>
    public HubException(string message) : base(message) { }

    /// <summary>Creates the error with a message fit for a user and its cause.</summary>
    public HubException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>Where models are pulled from and where they are kept.</summary>
public sealed record HubOptions
{
    /// <summary>The hub used when nothing else is said.</summary>
    public static readonly Uri DefaultEndpoint = new("https://huggingface.co");

    /// <summary>The hub's address, https, or http where it is trusted.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>Sent as a bearer token to the endpoint's host and to no other; null sends none.</summary>
    public string? Token { get; init; }

    /// <summary>The folder of the cache, in the layout that the hub's own tools share.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Whether to use what the cache holds and no network.</summary>
    public bool Offline { get; init; }

    /// <summary>How often a request is tried, 1 or more; each further try resumes where the last one broke off.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The pause before the second try; it doubles before each further one.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait for an answer's next bytes before the try counts as failed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// What the environment says, as the hub's own tools read it: <c>HF_ENDPOINT</c>; <c>HF_TOKEN</c>; the cache from
    /// <c>HF_HUB_CACHE</c>, else <c>hub</c> in <c>HF_HOME</c>, else in <c>huggingface</c> of <c>XDG_CACHE_HOME</c>, which is
    /// <c>~/.cache</c> when not set; <c>HF_HUB_OFFLINE</c> (1, true, yes, on).
    /// </summary>
    /// <exception cref="HubException"><c>HF_ENDPOINT</c> is not an http or https address.</exception>
    public static HubOptions FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    // Records print their members; a token must not get into a log.
    private bool PrintMembers(System.Text.StringBuilder text)
    {
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Endpoint = {Endpoint}, CacheFolder = {CacheFolder}, Offline = {Offline}, Token = {(Token is null ? "none" : "***")}");
        return true;
    }

    /// <inheritdoc cref="FromEnvironment()"/>
    /// <param name="variable">The value of a variable, or null; in place of the process's own.</param>
    public static HubOptions FromEnvironment(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? Value(string name) => variable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
        var endpoint = DefaultEndpoint;
        if (Value("HF_ENDPOINT") is { } address && (!Uri.TryCreate(address, UriKind.Absolute, out endpoint) || endpoint.Scheme is not ("http" or "https")))
            throw new HubException($"HF_ENDPOINT is '{address}'; give the http or https address of a model hub, or leave it out for {DefaultEndpoint}.");
        var caches = Value("XDG_CACHE_HOME") ?? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new HubOptions
        {
            Endpoint = endpoint,
            Token = Value("HF_TOKEN"),
            CacheFolder = Value("HF_HUB_CACHE") ?? Path.Join(Value("HF_HOME") ?? Path.Join(caches, "huggingface"), "hub"),
            Offline = Value("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON",
        };
    }
}
