using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Matryoshka.Hub;

/// <summary>A file as the hub describes it.</summary>
/// <param name="Checksum">SHA-256 of a large file, Git's SHA-1 of a small one; lower-case hexadecimal.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record HubFile(string Checksum, long Size);

/// <summary>The hub's HTTP interface: what a revision is, what a file is, a file's bytes.</summary>
internal sealed class HubApi(HttpClient http, HubOptions options)
{
    private const int MostRedirects = 8, MaxListingBytes = 32 << 20;

    /// <summary>The commit of a revision and the paths in it.</summary>
    public async Task<(string Commit, List<string> Files)> ListAsync(ModelReference model, CancellationToken cancellationToken)
    {
        var address = Address($"api/models/{model.Repository}/revision/{Uri.EscapeDataString(model.Revision)}");
        using var response = await SendAsync(HttpMethod.Get, address, 0, false, cancellationToken).ConfigureAwait(false);
        Retry.ThrowIfPassing(response);
        Require(response, $"'{model.Repository}' at '{model.Revision}'");
        var json = await ReadAllAsync(response, cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(json);
            var commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            var files = document.RootElement.GetProperty("siblings").EnumerateArray().Select(s => s.GetProperty("rfilename").GetString() ?? "").ToList();
            return HubCache.IsCommit(commit) ? (commit, files) : throw new HubException($"{options.Endpoint} named the commit '{commit}' of '{model.Repository}', which is none.");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException($"{address} did not answer with a model's description; is {options.Endpoint} a model hub?", error);
        }
    }

    /// <summary>Checksum and size of a file, without its bytes.</summary>
    public async Task<HubFile> DescribeAsync(string repository, string commit, string path, CancellationToken cancellationToken)
    {
        var address = FileAddress(repository, commit, path);
        using var response = await SendAsync(HttpMethod.Head, address, 0, toFirstChecksum: true, cancellationToken).ConfigureAwait(false);
        Retry.ThrowIfPassing(response);
        if ((int)response.StatusCode is < 300 or >= 400)
            Require(response, $"'{path}' of '{repository}'");
        if (Header(response, "X-Repo-Commit") is { } actual && actual != commit)
            throw new HubException($"{options.Endpoint} answered with commit '{actual}' of '{repository}' where {commit} was asked for.");
        var checksum = Checksum(response)
            ?? throw new HubException($"{options.Endpoint} gave no checksum for '{path}' of '{repository}', so what it sends could not be verified.");
        var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked) ? linked : response.Content.Headers.ContentLength;
        return size is >= 0 ? new HubFile(checksum, size.Value) : throw new HubException($"{options.Endpoint} gave no size for '{path}' of '{repository}'.");
    }

    /// <summary>Asks for a file's bytes from an offset on; the answer may begin at 0 all the same (status 200).</summary>
    public Task<HttpResponseMessage> OpenAsync(string repository, string commit, string path, long offset, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, FileAddress(repository, commit, path), offset, false, cancellationToken);

    /// <summary>Turns a failure status into an error that says what to do.</summary>
    public void Require(HttpResponseMessage response, string what)
    {
        if (response.IsSuccessStatusCode)
            return;
        var status = (int)response.StatusCode;
        throw new HubException(response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => $"{options.Endpoint} does not show {what} without a valid token (401): it does not exist, or is private or gated. "
                + (options.Token is null ? "Set HF_TOKEN to a token that may read it." : "Check the name, and that HF_TOKEN is valid."),
            HttpStatusCode.Forbidden => $"{options.Endpoint} refuses {what} (403): accept the model's terms on its page, or set HF_TOKEN to a token that may read it.",
            HttpStatusCode.NotFound => $"{options.Endpoint} has no {what} (404); check the name and the revision.",
            HttpStatusCode.TooManyRequests => $"{options.Endpoint} is receiving too many requests (429); try again later, or set HF_TOKEN for a larger allowance.",
            _ => $"{options.Endpoint} failed on {what} (status {status}); try again later.",
        });
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long offset, bool toFirstChecksum, CancellationToken cancellationToken)
    {
        for (var hop = 0; ; hop++)
        {
            var request = new HttpRequestMessage(method, address);
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            request.Headers.UserAgent.ParseAdd("matryoshka");
            // A signed address of a content network carries its own right; the token is for the hub alone.
            if (options.Token is { } token && Uri.Compare(address, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (offset > 0)
                request.Headers.Range = new RangeHeaderValue(offset, null);
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || (toFirstChecksum && Checksum(response) is not null))
                return response;
            var target = response.Headers.Location is { } location ? new Uri(address, location) : null;
            response.Dispose();
            if (target is null || hop == MostRedirects || target.Scheme is not ("http" or "https") || (address.Scheme == "https" && target.Scheme == "http"))
                throw new HubException($"{address} redirects to '{target}', which is not followed: nowhere, in circles, or from https to something else.");
            address = target;
        }
    }

    // Large files are linked: the hub's own ETag is then of the redirect.
    private static string? Checksum(HttpResponseMessage response)
    {
        var tag = Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? Header(response, "ETag");
        tag = tag?.Replace("W/", "", StringComparison.Ordinal).Trim('"').ToLowerInvariant();
        return tag is { Length: 40 or 64 } && tag.All(char.IsAsciiHexDigitLower) ? tag : null;
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static async Task<byte[]> ReadAllAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = stream.ConfigureAwait(false);
        var buffer = new byte[1 << 16];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            content.Write(buffer, 0, read);
            if (content.Length > MaxListingBytes)
                throw new HubException($"The description of a model has more than {MaxListingBytes} bytes; that cannot be right.");
        }
        return content.ToArray();
    }

    private Uri FileAddress(string repository, string commit, string path) =>
        Address($"{repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private Uri Address(string path) => new(options.Endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);
}
