using System.Net;

namespace Matryoshka.Hub;

/// <summary>Tries again what may work a moment later.</summary>
internal static class Retry
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Runs a request until it succeeds, fails for good, or was tried <see cref="HubOptions.Attempts"/> times.</summary>
    /// <exception cref="HubException">It failed for good, or every time.</exception>
    public static async Task<T> RunAsync<T>(HubOptions options, Func<Task<T>> request, string what, CancellationToken cancellationToken)
    {
        var pause = options.RetryPause;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await request().ConfigureAwait(false);
            }
            catch (Exception error) when (IsPassing(error, cancellationToken))
            {
                if (attempt >= options.Attempts)
                    throw new HubUnreachableException($"{options.Endpoint} did not deliver {what} in {attempt} tries: {Reason(error)}. What arrived is kept; pull again to resume.", error);
            }
            await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellationToken).ConfigureAwait(false);
            pause *= 2;
        }
    }

    public static void ThrowIfPassing(HttpResponseMessage response)
    {
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)response.StatusCode >= 500)
            throw new HttpRequestException($"status {(int)response.StatusCode}", null, response.StatusCode);
    }

    // A time limit of ours shows as a cancellation that the caller did not ask for.
    private static bool IsPassing(Exception error, CancellationToken cancellationToken) =>
        error is HttpRequestException or HttpIOException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Reason(Exception error) => error is OperationCanceledException ? "it stopped answering" : error.Message.TrimEnd('.');
}

/// <summary>The network, not the hub's judgement, is what failed; the cache may still serve.</summary>
internal sealed class HubUnreachableException(string message, Exception inner) : MatryoshkaException(message, inner);
