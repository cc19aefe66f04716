using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Matryoshka.Tests.Remote;

/// <summary>A request as the server read it.</summary>
internal sealed record Received(string Method, string Path, Dictionary<string, string> Headers, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The texts of a request in OpenAI's, Ollama's (<c>input</c>) or another shape.</summary>
    public string[] Texts(string name = "input") => [.. Json.GetProperty(name).EnumerateArray().Select(t => t.GetString()!)];
}

/// <summary>What the server does with a request.</summary>
internal sealed record Reply(int Status, byte[] Body)
{
    public static readonly Reply Reset = new(200, []) { Resets = true };

    public Reply(int status, string body) : this(status, Encoding.UTF8.GetBytes(body)) { }

    public (string Name, string Value)[] Headers { get; init; } = [];

    /// <summary>Ends the connection after this many bytes of the body, although all were announced.</summary>
    public int? CutAt { get; init; }

    /// <summary>Announces no length and marks the end by closing, as HTTP/1.0 did: a cut body then looks whole.</summary>
    public bool EndsByClosing { get; init; }

    /// <summary>Resets the connection instead of answering.</summary>
    public bool Resets { get; init; }

    public TimeSpan Delay { get; init; }

    /// <summary>Called once the whole reply was handed to the connection.</summary>
    public Action? Sent { get; init; }
}

/// <summary>
/// An HTTP/1.1 server on a free local port, down to the socket, so that it can break off, reset and lie about lengths as
/// real servers and proxies do.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<Received, Reply> handler;
    private readonly bool remember;

    public LoopbackServer(Func<Received, Reply> handler, bool remember = true)
    {
        this.handler = handler;
        this.remember = remember;
        listener.Start(512);
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>Every request read so far.</summary>
    public List<Received> Requests { get; } = [];

    /// <summary>The most requests that were being handled at once.</summary>
    public int MostAtOnce { get; private set; }

    private int atOnce;

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var token = stop.Token;
        try
        {
            while (!token.IsCancellationRequested)
            {
                var socket = await listener.AcceptSocketAsync(token);
                socket.NoDelay = true;
                _ = Task.Run(() => ServeAsync(socket, token), CancellationToken.None);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The server was stopped.
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken token)
    {
        try
        {
            using (socket)
            await using (var stream = new NetworkStream(socket))
            {
                var buffer = new InputBuffer(stream);
                while (await buffer.ReadRequestAsync(token) is { } request)
                {
                    Enter(request);
                    var reply = handler(request);
                    if (reply.Delay > TimeSpan.Zero)
                        await Task.Delay(reply.Delay, token);
                    Leave();
                    if (!await WriteAsync(socket, stream, reply, token))
                        return;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client went away, or the server was stopped.
        }
    }

    private void Enter(Received request)
    {
        lock (Requests)
        {
            if (remember)
                Requests.Add(request);
            MostAtOnce = Math.Max(MostAtOnce, ++atOnce);
        }
    }

    private void Leave()
    {
        lock (Requests)
            atOnce--;
    }

    /// <returns>Whether the connection stays open.</returns>
    private static async Task<bool> WriteAsync(Socket socket, NetworkStream stream, Reply reply, CancellationToken token)
    {
        if (reply.Resets)
        {
            // Closing with a linger of zero sends RST instead of FIN.
            socket.LingerState = new LingerOption(true, 0);
            return false;
        }
        var head = new StringBuilder($"HTTP/1.1 {reply.Status} Status\r\nContent-Type: application/json\r\n");
        foreach (var (name, value) in reply.Headers)
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        head.Append(reply.EndsByClosing ? "Connection: close\r\n\r\n" : $"Content-Length: {reply.Body.Length}\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), token);
        await stream.WriteAsync(reply.Body.AsMemory(0, Math.Min(reply.CutAt ?? int.MaxValue, reply.Body.Length)), token);
        if (reply.CutAt is null)
            reply.Sent?.Invoke();
        return reply.CutAt is null && !reply.EndsByClosing;
    }

    private sealed class InputBuffer(NetworkStream stream)
    {
        private byte[] bytes = new byte[16 << 10];
        private int length;

        public async Task<Received?> ReadRequestAsync(CancellationToken token)
        {
            int end;
            while ((end = bytes.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
                if (!await FillAsync(token))
                    return null;
            var lines = Encoding.ASCII.GetString(bytes, 0, end).Split("\r\n");
            var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(h => h[0], h => h[1], StringComparer.OrdinalIgnoreCase);
            var size = headers.TryGetValue("Content-Length", out var announced) ? int.Parse(announced, System.Globalization.CultureInfo.InvariantCulture) : 0;
            while (length < end + 4 + size)
                if (!await FillAsync(token))
                    return null;
            var body = bytes.AsSpan(end + 4, size).ToArray();
            length -= end + 4 + size;
            bytes.AsSpan(end + 4 + size, length).CopyTo(bytes);
            var first = lines[0].Split(' ');
            return new(first[0], first[1], headers, body);
        }

        private async Task<bool> FillAsync(CancellationToken token)
        {
            if (length == bytes.Length)
                Array.Resize(ref bytes, length * 2);
            var read = await stream.ReadAsync(bytes.AsMemory(length), token);
            length += read;
            return read > 0;
        }
    }
}
