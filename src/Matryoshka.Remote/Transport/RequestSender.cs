using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Matryoshka.Remote.Protocols;
using Polly;
using Polly.Retry;

namespace Matryoshka.Remote.Transport;

/// <summary>Reads an answer; throws <see cref="TruncatedAnswerException"/> or <see cref="RequestFailure"/>.</summary>
internal delegate T ReadAnswer<out T>(ReadOnlySpan<byte> body);

/// <summary>
/// Sends one request until it is answered: an attempt ends only when its answer has been read and understood, so a
/// connection that breaks within the answer is retried like one that never stood.
/// </summary>
internal sealed class RequestSender : IDisposable
{
    private const int MostErrorBytes = 64 << 10;

    private readonly HttpClient client;
    private readonly bool ownsClient;
    private readonly ProviderTraits traits;
    private readonly Secret? key;
    private readonly RemoteOptions options;
    private readonly ResiliencePipeline retries;
    private volatile bool answered;

    public RequestSender(ProviderTraits traits, RemoteOptions options)
    {
        this.traits = traits;
        this.options = options;
        key = Secret.Find(traits, options);
        ownsClient = options.HttpClient is null;
        client = options.HttpClient ?? NewClient(options.MaxConcurrency);
        retries = Retries();
    }

    /// <summary>Posts a body, or gets where there is none, and returns what <paramref name="read"/> makes of the answer.</summary>
    /// <exception cref="RequestFailure">Too large, permanent, or still failing after the last attempt.</exception>
    public async Task<T> SendAsync<T>(Uri address, ReadOnlyMemory<byte>? body, long mostBytes, ReadAnswer<T> read, CancellationToken cancellationToken)
    {
        var result = await retries.ExecuteAsync(
            static (attempt, token) => attempt.Sender.AttemptAsync(attempt.Address, attempt.Body, attempt.Most, attempt.Read, token),
            (Sender: this, Address: address, Body: body, Most: mostBytes, Read: read), cancellationToken).ConfigureAwait(false);
        answered = true;
        return result;
    }

    /// <summary>The error that a caller sees.</summary>
    public RemoteServiceException Error(RequestFailure failure, Uri address)
    {
        var tries = failure.Kind == FailureKind.Transient && options.MaxRetries > 0 && !failure.Unreachable ? $" It was tried {options.MaxRetries + 1} times." : "";
        var advice = failure.Status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => key is null ? " No key was sent: name the environment variable that holds it." : " Check the key.",
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => " Redirects are not followed; give the address they lead to.",
            HttpStatusCode.NotFound => " Check the address and the model's name.",
            _ => failure.Unreachable ? " Check the address, and that the server runs." : "",
        };
        return new(Redact($"{Endpoint.Shown(address)} {failure.Message}{advice}{tries}"), failure.Status, failure.ServerMessage is { } said ? Redact(said) : null, failure.InnerException);
    }

    public void Dispose()
    {
        if (ownsClient)
            client.Dispose();
    }

    private string Redact(string text) => key?.Redact(text) ?? text;

    private async ValueTask<T> AttemptAsync<T>(Uri address, ReadOnlyMemory<byte>? body, long mostBytes, ReadAnswer<T> read, CancellationToken cancellationToken)
    {
        using var clock = new CancellationTokenSource(options.Timeout, options.TimeProvider);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, clock.Token);
        try
        {
            using var request = Request(address, body);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
            using var answer = await AnswerBuffer.ReadAsync(response.Content, response.IsSuccessStatusCode ? mostBytes : MostErrorBytes, response.IsSuccessStatusCode, attempt.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw RequestFailure.FromStatus(response.StatusCode, ErrorBody.Parse(answer.Memory), RetryAfter(response.Headers), options.MaxRetryAfter);
            return Understand(read, answer.Memory.Span);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RequestFailure(FailureKind.Transient, $"gave no answer within {options.Timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} seconds.", error);
        }
        catch (HttpRequestException error)
        {
            throw Broken(error);
        }
        catch (Exception error) when (error is IOException or TruncatedAnswerException)
        {
            throw new RequestFailure(FailureKind.Transient, "broke off within its answer.", error);
        }
        catch (JsonException error)
        {
            throw new RequestFailure(FailureKind.Permanent, $"answered with something that is not the JSON expected ({error.Message}). Check the address: it may be another service.", error);
        }
    }

    private static T Understand<T>(ReadAnswer<T> read, ReadOnlySpan<byte> body)
    {
        try
        {
            return read(body);
        }
        catch (InvalidOperationException error)
        {
            // The reader's word for text that is not UTF-8.
            throw new JsonException("text that is not UTF-8", error);
        }
    }

    private HttpRequestMessage Request(Uri address, ReadOnlyMemory<byte>? body)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address);
        key?.Apply(request.Headers, traits.KeyHeader);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is { } bytes)
        {
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        return request;
    }

    private static RequestFailure Broken(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError => new(FailureKind.Permanent, $"could not be spoken to safely: {(error.InnerException ?? error).Message}", error),
        HttpRequestError.NameResolutionError => new(FailureKind.Transient, "could not be found: its host name has no address.", error) { Unreachable = true },
        _ when error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new(FailureKind.Transient, "could not be reached: the connection was refused.", error) { Unreachable = true },
        _ => new(FailureKind.Transient, $"could not be reached or broke off: {error.Message}", error),
    };

    private ResiliencePipeline Retries() => options.MaxRetries == 0 ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.RetryDelay,
            MaxDelay = options.MaxRetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is RequestFailure { Kind: FailureKind.Transient } failure && IsWorthwhile(failure, args.AttemptNumber)),
            DelayGenerator = args => ValueTask.FromResult(args.Outcome.Exception is RequestFailure { RetryAfter: { } wait } ? Jittered(wait) : (TimeSpan?)null),
        }).Build();

    // A server that never answered is more likely misspelt or not running than busy: one more attempt, then the error.
    private bool IsWorthwhile(RequestFailure failure, int attempt) => !failure.Unreachable || answered || attempt == 0;

    // Up to a tenth later than asked, never earlier, so that the requests turned away together do not come back together.
    private static TimeSpan? Jittered(TimeSpan wait) => wait + (wait * (RandomNumberGenerator.GetInt32(1000) / 10_000.0));

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (headers.TryGetValues("retry-after-ms", out var values) && double.TryParse(values.FirstOrDefault(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= int.MaxValue)
            return TimeSpan.FromMilliseconds(milliseconds);
        var wait = headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - options.TimeProvider.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static HttpClient NewClient(int connections) => new(new SocketsHttpHandler
    {
        // A redirect would carry a key in a header of its own kind to wherever it points.
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = connections,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(20),
    })
    {
        // Each attempt has a clock of its own.
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };
}

/// <summary>The body of one answer, in memory borrowed from the pool.</summary>
internal sealed class AnswerBuffer : IDisposable
{
    private byte[] bytes;
    private int length;

    private AnswerBuffer(int capacity) => bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Memory => bytes.AsMemory(0, length);

    /// <summary>Reads a body to its end; one beyond <paramref name="most"/> bytes is refused, or cut where <paramref name="whole"/> is false.</summary>
    public static async Task<AnswerBuffer> ReadAsync(HttpContent content, long most, bool whole, CancellationToken cancellationToken)
    {
        most = Math.Min(most, Array.MaxLength - 1);
        var announced = content.Headers.ContentLength;
        if (whole && announced > most)
            throw TooLong(most);
        // One byte more than announced: the read that finds the end then needs no larger buffer.
        var buffer = new AnswerBuffer((int)Math.Min(Math.Min(announced ?? 16 << 10, most) + 1, Array.MaxLength));
        try
        {
            using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            for (int read; (read = await stream.ReadAsync(buffer.Free(), cancellationToken).ConfigureAwait(false)) > 0;)
            {
                buffer.length += read;
                if (buffer.length > most)
                {
                    if (whole)
                        throw TooLong(most);
                    break;
                }
            }
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
        length = 0;
    }

    private Memory<byte> Free()
    {
        if (length == bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(length * 2L, Array.MaxLength));
            bytes.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = larger;
        }
        return bytes.AsMemory(length);
    }

    private static RequestFailure TooLong(long most) => new(FailureKind.Permanent, $"answered with more than {most:N0} bytes, far more than what was asked for.");
}
