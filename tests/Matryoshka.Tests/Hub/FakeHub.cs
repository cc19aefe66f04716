using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Matryoshka.Tests.Hub;

/// <summary>What the hub was asked.</summary>
internal sealed record HubRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public long? RangeStart => Headers.TryGetValue("Range", out var range) && range.StartsWith("bytes=", StringComparison.Ordinal)
        ? long.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture) : null;
}

/// <summary>What it answers.</summary>
internal sealed record HubReply(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>Bytes of the body after which the connection breaks; null sends all.</summary>
    public int? CutAfter { get; init; }

    /// <summary>The length announced, where it is not the body's.</summary>
    public long? Length { get; init; }
}

/// <summary>A hub of the Hugging Face kind on a port of this machine: model descriptions, files, redirects to a second host, and faults on request.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();

    public FakeHub()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Files of the repository <c>some/model</c>.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Files kept as large files: known by SHA-256 and served from the other host.</summary>
    public HashSet<string> Large { get; } = [];

    public List<string> ExtraNames { get; } = [];

    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    /// <summary>Answers a request in place of the hub; null lets the hub answer.</summary>
    public Func<HubRequest, HubReply?> Fault { get; set; } = _ => null;

    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    // The same port under another name: another host to whoever compares names.
    private Uri OtherHost => new($"http://localhost:{Endpoint.Port}");

    public int Gets(string path) => Requests.Count(r => r.Method == "GET" && r.Path.EndsWith(path, StringComparison.Ordinal));

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        stop.Dispose();
    }

    public static string GitSha1(byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private HubReply Answer(HubRequest request)
    {
        if (Fault(request) is { } reply)
            return reply;
        if (request.Path.StartsWith("/api/models/some/model/revision/", StringComparison.Ordinal))
        {
            var names = Files.Keys.Concat(ExtraNames).Select(name => $$"""{"rfilename":{{System.Text.Json.JsonSerializer.Serialize(name)}}}""");
            return new(200, Encoding.UTF8.GetBytes($$"""{"id":"some/model","sha":"{{Commit}}","siblings":[{{string.Join(',', names)}}]}"""));
        }
        var resolve = $"/some/model/resolve/{Commit}/";
        var path = Uri.UnescapeDataString(request.Path);
        if (path.StartsWith(resolve, StringComparison.Ordinal) && Files.TryGetValue(path[resolve.Length..], out var content))
        {
            var name = path[resolve.Length..];
            if (!Large.Contains(name))
                return File(request, content, ("ETag", $"\"{GitSha1(content)}\""), ("X-Repo-Commit", Commit));
            return new(302, [], ("Location", $"{OtherHost}cdn/{name}"), ("X-Repo-Commit", Commit), ("ETag", "\"of-the-redirect\""),
                ("X-Linked-Etag", $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\""), ("X-Linked-Size", content.Length.ToString(CultureInfo.InvariantCulture)));
        }
        return path.StartsWith("/cdn/", StringComparison.Ordinal) && Files.TryGetValue(path["/cdn/".Length..], out content) ? File(request, content) : new(404, []);
    }

    private static HubReply File(HubRequest request, byte[] content, params (string, string)[] headers)
    {
        if (request.Method == "HEAD")
            return new(200, [], headers) { Length = content.Length };
        return request.RangeStart switch
        {
            null => new(200, content, headers),
            { } start when start >= content.Length => new(416, []),
            { } start => new(206, content[(int)start..], [.. headers, ("Content-Range", $"bytes {start}-{content.Length - 1}/{content.Length}")]),
        };
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    var reply = Answer(request);
                    var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} x\r\nContent-Length: {reply.Length ?? reply.Body.Length}\r\n");
                    foreach (var (name, value) in reply.Headers)
                        head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
                    await stream.WriteAsync(reply.CutAfter is { } cut ? reply.Body.AsMemory(0, Math.Min(cut, reply.Body.Length)) : reply.Body);
                    if (reply.CutAfter is not null)
                        return;
                }
            }
            catch (IOException)
            {
                // The client went away.
            }
        }
    }

    private static async Task<HubRequest?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
                return null;
            head.Append((char)one[0]);
        }
        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        return new HubRequest(first[0], first[1], lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase));
    }
}
