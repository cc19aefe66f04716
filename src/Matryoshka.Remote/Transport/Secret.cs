using System.Net.Http.Headers;
using Matryoshka.Remote.Protocols;

namespace Matryoshka.Remote.Transport;

/// <summary>A key. It leaves this class only in the header of a request.</summary>
internal sealed class Secret
{
    private const string OwnVariable = "MATRYOSHKA_API_KEY";

    private readonly string value;

    private Secret(string value) => this.value = value;

    /// <summary>Finds the key; null where none is set and none is needed.</summary>
    public static Secret? Find(ProviderTraits traits, RemoteOptions options)
    {
        if (options.ApiKey is { } given)
            return Checked(given, "The key given");
        if (options.ApiKeyVariable is { } named)
            return Environment.GetEnvironmentVariable(named) is { Length: > 0 } key
                ? Checked(key, $"The key in {named}")
                : throw new MatryoshkaException($"The environment variable {named} was to hold the key, but it is not set.");
        // A provider's own variable is read only for the provider's own address: it must not reach a server it was not made for.
        var ownAddress = traits.Provider == RemoteProvider.Azure || options.Endpoint is null || (traits.Host is not null && new Uri(traits.Host).Host == options.Endpoint.Host && options.Endpoint.Scheme == "https");
        var variables = ownAddress && traits.KeyVariables.Length > 0 ? traits.KeyVariables : [OwnVariable];
        foreach (var variable in variables)
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key)
                return Checked(key, $"The key in {variable}");
        return ownAddress && traits.KeyVariables.Length > 0
            ? throw new MatryoshkaException($"'{traits.Word}' needs a key: set the environment variable {traits.KeyVariables[0]}, or name the one that holds it.")
            : null;
    }

    public void Apply(HttpRequestHeaders headers, KeyHeader header)
    {
        switch (header)
        {
            case KeyHeader.Bearer:
                headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
                break;
            default:
                headers.TryAddWithoutValidation(header == KeyHeader.ApiKey ? "api-key" : "x-goog-api-key", value);
                break;
        }
    }

    /// <summary>A text of the server without the key, should the server have repeated it.</summary>
    public string Redact(string text) => text.Replace(value, "(key)", StringComparison.Ordinal);

    public override string ToString() => "(key)";

    // The framework's own error for a malformed header value quotes the value, hence the check here.
    private static Secret Checked(string key, string what)
    {
        key = key.Trim();
        return key.Length > 0 && key.All(c => c is > ' ' and < '\x7f')
            ? new(key)
            : throw new MatryoshkaException($"{what} is empty or has characters that no key has, such as blanks or line breaks.");
    }
}
