using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Matryoshka.Remote.Transport;

internal enum FailureKind
{
    /// <summary>The same request may succeed later.</summary>
    Transient,

    /// <summary>The request may succeed in parts.</summary>
    TooLarge,

    /// <summary>The request will never succeed as it is.</summary>
    Permanent,
}

/// <summary>Why one attempt failed. Stays inside this library; callers see a <see cref="RemoteServiceException"/>.</summary>
internal sealed partial class RequestFailure(FailureKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public FailureKind Kind { get; } = kind;

    public HttpStatusCode? Status { get; private init; }

    /// <summary>The server's own words.</summary>
    public string? ServerMessage { get; private init; }

    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>No server was found at the address, so there is little to wait for.</summary>
    public bool Unreachable { get; init; }

    /// <summary>Whether the request was understood and refused for one of its fields.</summary>
    public bool Refused => Kind == FailureKind.Permanent && Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;

    public bool Mentions(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
            if (ServerMessage?.Contains(word, StringComparison.OrdinalIgnoreCase) == true)
                return true;
        return false;
    }

    /// <summary>The number of texts the server says a request may have.</summary>
    public int? TextLimit => ServerMessage is not null && LimitPattern().Match(ServerMessage) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? limit : null;

    /// <summary>Sorts an answer that is not a success.</summary>
    public static RequestFailure FromStatus(HttpStatusCode status, ErrorBody error, TimeSpan? retryAfter, TimeSpan longest)
    {
        var kind = Sort((int)status, error);
        var said = error.Message.Length == 0 ? "." : error.Message[^1] is '.' or '!' or '?' ? $": {error.Message}" : $": {error.Message}.";
        var message = $"answered {(int)status}{said}";
        if (kind == FailureKind.Transient && retryAfter > longest)
            (kind, message) = (FailureKind.Permanent, $"asks to wait {retryAfter.Value.TotalSeconds:F0} seconds, longer than the {longest.TotalSeconds:F0} allowed, and answered {(int)status}{said}");
        return new(kind, message) { Status = status, ServerMessage = error.Message.Length > 0 ? error.Message : null, RetryAfter = retryAfter };
    }

    private static FailureKind Sort(int status, ErrorBody error) => status switch
    {
        413 => FailureKind.TooLarge,
        400 or 422 => !error.Mentions("dimension") && error.Mentions(LargeWords) ? FailureKind.TooLarge : FailureKind.Permanent,
        // An exhausted account stays exhausted. Only OpenAI's code says so: Gemini speaks of quota and billing for a minute's limit too.
        429 => error.Mentions("insufficient_quota") ? FailureKind.Permanent : FailureKind.Transient,
        // TEI's backend errors; one of them is a model of another kind.
        424 => error.Mentions("not a re-ranker", "not an embedding", "does not support") ? FailureKind.Permanent : FailureKind.Transient,
        408 => FailureKind.Transient,
        501 or 505 => FailureKind.Permanent,
        >= 500 => FailureKind.Transient,
        _ => FailureKind.Permanent,
    };

    // TEI "batch size 33 > maximum allowed batch size 32", "must have less than 512 tokens"; OpenAI "max 300000 tokens per
    // request", "maximum context length"; Voyage "tokens per submitted batch"; Ollama "exceeds the context length";
    // Cohere and Gemini "at most 96", "at most 100 requests".
    private static readonly string[] LargeWords =
    [
        "batch size", "too large", "too long", "too many tokens", "too many inputs", "too many texts", "tokens per request", "tokens per submitted batch",
        "context length", "maximum context", "must have less than", "at most", "payload",
    ];

    [GeneratedRegex(@"(?:maximum allowed batch size|at most)\s+(\d{1,6})(?!\d| tokens)", RegexOptions.IgnoreCase)]
    private static partial Regex LimitPattern();
}
