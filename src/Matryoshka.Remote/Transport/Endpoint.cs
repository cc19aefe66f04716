using Matryoshka.Remote.Protocols;

namespace Matryoshka.Remote.Transport;

/// <summary>Builds the addresses of a provider's routes.</summary>
internal static class Endpoint
{
    // Azure's last generally available version of the route by deployment.
    private const string AzureVersion = "2024-10-21";

    /// <summary>The address without a route: the user's, else the provider's own.</summary>
    public static Uri Base(ProviderTraits traits, RemoteOptions options)
    {
        if (options.Endpoint is { } given)
            return given;
        if (traits.Provider == RemoteProvider.Ollama && Environment.GetEnvironmentVariable("OLLAMA_HOST") is { Length: > 0 } host)
            return OllamaHost(host);
        return traits.Host is { } own ? new Uri(own)
            : throw new MatryoshkaException($"The provider '{traits.Word}' has no address of its own; give the endpoint, e.g. {(traits.Provider == RemoteProvider.Azure ? "https://NAME.openai.azure.com" : "http://localhost:8080")}.");
    }

    /// <summary>The address of a route; a route that the user's address already ends with is not added again.</summary>
    public static Uri Route(ProviderTraits traits, RemoteOptions options, string model, string route)
    {
        var at = Base(traits, options);
        var path = at.AbsolutePath.TrimEnd('/');
        var deployment = traits.Provider == RemoteProvider.Azure && !path.EndsWith("/v1", StringComparison.Ordinal);
        if (deployment && !path.Contains("/deployments/", StringComparison.Ordinal))
            path += $"/openai/deployments/{Uri.EscapeDataString(model)}";
        if (route != traits.Route && path.EndsWith(traits.Route, StringComparison.Ordinal))
            path = path[..^traits.Route.Length];
        else if (path.Length == 0)
            path = traits.BasePath;
        if (traits.Provider == RemoteProvider.Gemini)
            path += $"/models/{Uri.EscapeDataString(model)}";
        if (!path.EndsWith(route, StringComparison.Ordinal))
            path += route;
        var query = deployment && at.Query.Length == 0 ? $"?api-version={Uri.EscapeDataString(options.ApiVersion ?? AzureVersion)}" : at.Query;
        return new Uri(at.GetLeftPart(UriPartial.Authority) + path + query);
    }

    /// <summary>An address as it may be shown: a query can carry a key.</summary>
    public static string Shown(Uri address) => address.GetLeftPart(UriPartial.Path);

    // Ollama's own variable is an address to listen on: often without a scheme, and 0.0.0.0 for all interfaces.
    private static Uri OllamaHost(string host)
    {
        var text = host.Contains("://", StringComparison.Ordinal) ? host : "http://" + host;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new MatryoshkaException("OLLAMA_HOST is not an address; give one like localhost:11434, or the endpoint.");
        var builder = new UriBuilder(uri);
        if (builder.Host == "0.0.0.0")
            builder.Host = "127.0.0.1";
        if (!host.Contains("://", StringComparison.Ordinal) && uri.IsDefaultPort)
            builder.Port = 11434;
        return builder.Uri;
    }
}
