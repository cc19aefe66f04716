using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Matryoshka.Remote;
using Xunit;

namespace Matryoshka.Tests.Remote;

/// <summary>What is tried again, for how long, in which pieces, and what is not.</summary>
public class RetryTests
{
    public static TheoryData<string> PassingFaults() => ["408", "424", "429", "500", "502", "503", "504", "529", "reset", "cut", "cut without length", "empty", "slow"];

    [Theory]
    [MemberData(nameof(PassingFaults))]
    public async Task A_passing_fault_is_tried_again(string fault)
    {
        var left = 2;
        using var server = new LoopbackServer(r => Interlocked.Decrement(ref left) < 0 ? Wire.OpenAI(r) : fault switch
        {
            "reset" => Reply.Reset,
            "cut" => Wire.OpenAI(r) with { CutAt = 100 },
            "cut without length" => Wire.OpenAI(r) with { CutAt = 100, EndsByClosing = true },
            "empty" => new(200, ""),
            "slow" => Wire.OpenAI(r) with { Delay = TimeSpan.FromSeconds(5) },
            _ => new(int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), """{"error":"Model is overloaded","error_type":"Overloaded"}"""),
        });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, timeout: fault == "slow" ? TimeSpan.FromMilliseconds(150) : null));
        Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"])).Vector);
        Assert.True(server.Requests.Count is 3 or 4, $"{server.Requests.Count} requests");
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"no such field","type":"invalid_request_error","param":null,"code":null}}""", "no such field")]
    [InlineData(401, "", "No key was sent")]
    [InlineData(403, """{"message":"not for you"}""", "not for you")]
    [InlineData(404, """{"error":"model 'm' not found"}""", "model 'm' not found")]
    [InlineData(422, """{"detail":[{"loc":["body"],"msg":"field required","type":"x"}]}""", "field required")]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}""", "exceeded your current quota")]
    [InlineData(501, "<html>\nnot here</html>", "<html> not here</html>")]
    [InlineData(302, "", "Redirects are not followed")]
    public async Task A_lasting_fault_stops_at_once_in_the_servers_words(int status, string body, string words)
    {
        using var server = new LoopbackServer(_ => new(status, body) { Headers = status == 302 ? [("Location", "http://127.0.0.1:9/elsewhere")] : [] });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(status, (int)error.Status!);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task What_does_not_pass_ends_with_the_number_of_attempts()
    {
        using var server = new LoopbackServer(_ => new(503, """{"error":"starting"}"""));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, retries: 3));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]));
        Assert.Contains("503: starting", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("It was tried 4 times.", error.Message, StringComparison.Ordinal);
        Assert.Equal(("starting", HttpStatusCode.ServiceUnavailable), (error.ServerMessage, error.Status));
        Assert.Equal(4, server.Requests.Count);
        using var never = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, retries: 0));
        await Assert.ThrowsAsync<RemoteServiceException>(() => never.GenerateAsync(["a"]));
        Assert.Equal(5, server.Requests.Count);
    }

    [Theory]
    [InlineData("Retry-After", "1", 1000)]
    [InlineData("retry-after-ms", "300", 300)]
    public async Task The_servers_wait_is_kept(string header, string value, int milliseconds)
    {
        var first = true;
        using var server = new LoopbackServer(r =>
        {
            var reply = first ? new Reply(429, Wire.Error("slow down")) { Headers = [(header, value)] } : Wire.OpenAI(r);
            first = false;
            return reply;
        });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var start = Stopwatch.GetTimestamp();
        await generator.GenerateAsync(["a"]);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, milliseconds - 20, milliseconds + 5000);
    }

    [Fact]
    public async Task A_wait_beyond_the_allowed_one_is_an_error()
    {
        using var server = new LoopbackServer(_ => new(429, Wire.Error("see you tomorrow")) { Headers = [("Retry-After", "86400")] });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]));
        Assert.Contains("asks to wait 86400 seconds, longer than the 300 allowed", error.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_address_without_a_server_is_given_up_soon()
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        using var generator = RemoteEmbeddingGenerator.Create("ollama:m", new() { Endpoint = new Uri($"http://127.0.0.1:{port}"), Recipe = Wire.Recipe, RetryDelay = TimeSpan.FromMilliseconds(1) });
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(["a"]));
        Assert.EndsWith("could not be reached: the connection was refused. Check the address, and that the server runs.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(413, "Failed to buffer the request body: length limit exceeded")]
    [InlineData(422, """{"error":"batch size 20 > maximum allowed batch size 3","error_type":"Validation"}""")]
    [InlineData(400, """{"error":{"message":"Requested 400000 tokens, max 300000 tokens per request","type":"max_tokens_per_request","param":null,"code":"max_tokens_per_request"}}""")]
    [InlineData(400, """{"message":"invalid request: total number of texts must be at most 3"}""")]
    public async Task A_batch_that_is_too_large_is_halved_and_the_limit_learned(int status, string refusal)
    {
        using var server = new LoopbackServer(r => r.Texts().Length > 3 ? new(status, refusal) : Wire.OpenAI(r));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 20, concurrency: 1));
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"text {i}")];
        var vectors = await generator.GenerateAsync(texts);
        for (var i = 0; i < texts.Length; i++)
            Wire.AssertUnit("d: " + texts[i], vectors[i].Vector);
        var before = server.Requests.Count;
        await generator.GenerateAsync(texts);
        Assert.DoesNotContain(server.Requests.Skip(before), r => r.Texts().Length > 3);
        Assert.Equal(texts.Length, server.Requests.Skip(before).Sum(r => r.Texts().Length));
    }

    [Fact]
    public async Task A_single_text_that_is_too_long_is_named_and_does_not_shrink_later_batches()
    {
        using var server = new LoopbackServer(r => r.Texts().Any(t => t.Length > 1000) ? new(400, Wire.Error("This model's maximum context length is 8192 tokens")) : Wire.OpenAI(r));
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 8, concurrency: 1));
        string[] texts = ["1", "2", "3", "4", "5", new string('x', 2000), "7", "8"];
        var kept = new float[]?[8];
        var error = await Assert.ThrowsAsync<InvalidVectorException>(() => generator.EmbedAsync(texts, null, (start, part) => part.CopyTo(kept, start), default));
        Assert.StartsWith("Text 5 ('xxxxxxxxxx", error.Message, StringComparison.Ordinal);
        Assert.Contains("maximum context length is 8192 tokens", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, kept.Count(v => v is not null));
        var before = server.Requests.Count;
        texts[5] = "6";
        await generator.GenerateAsync(texts);
        Assert.Equal(8, Assert.Single(server.Requests.Skip(before)).Texts().Length);
    }

    [Fact]
    public async Task Batches_keep_to_the_number_of_texts_and_tokens()
    {
        using var server = new LoopbackServer(Wire.OpenAI);
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", new() { Endpoint = server.Address, Recipe = Wire.Recipe, MaxBatchTexts = 5, MaxBatchTokens = 100, MaxConcurrency = 1 });
        // 30 bytes are estimated as 11 tokens, 300 bytes as 101: more than a batch may have, so they stand alone.
        string[] texts = [.. Enumerable.Repeat("x", 12), new string('y', 300), .. Enumerable.Range(0, 20).Select(i => $"{i:D30}")];
        Assert.Equal(texts.Length, (await generator.GenerateAsync(texts)).Count);
        Assert.Equal([5, 5, 2, 1, 5, 5, 5, 5], server.Requests.Select(r => r.Texts().Length));
    }

    [Fact]
    public async Task No_more_requests_are_in_flight_than_allowed_over_all_calls()
    {
        using var server = new LoopbackServer(r => Wire.OpenAI(r) with { Delay = TimeSpan.FromMilliseconds(15) });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 2, concurrency: 3));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => generator.GenerateAsync(["1", "2", "3", "4", "5", "6", "7", "8"])));
        Assert.Equal(16, server.Requests.Count);
        Assert.Equal(3, server.MostAtOnce);
    }

    [Fact]
    public async Task Cancelling_ends_the_requests_under_way()
    {
        using var server = new LoopbackServer(r => Wire.OpenAI(r) with { Delay = TimeSpan.FromSeconds(20) });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server));
        using var cancel = new CancellationTokenSource(100);
        var start = Stopwatch.GetTimestamp();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], cancellationToken: cancel.Token));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
    }

    [Fact]
    public async Task After_a_failure_nothing_more_is_begun_and_what_was_under_way_is_kept()
    {
        using var server = new LoopbackServer(r => r.Texts()[0] == "d: 2" ? new(400, Wire.Error("no")) : Wire.OpenAI(r) with { Delay = TimeSpan.FromMilliseconds(100) });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 1, concurrency: 3));
        var kept = new float[]?[30];
        await Assert.ThrowsAsync<RemoteServiceException>(() => generator.EmbedAsync([.. Enumerable.Range(0, 30).Select(i => $"{i}")], null, (start, part) => part.CopyTo(kept, start), default));
        Assert.NotNull(kept[0]);
        Assert.NotNull(kept[1]);
        Assert.InRange(server.Requests.Count, 3, 5);
        Assert.Equal(server.Requests.Count - 1, kept.Count(v => v is not null));
    }

    [Fact]
    public async Task A_stream_yields_in_order_what_came_before_a_failure()
    {
        using var server = new LoopbackServer(r => r.Texts()[0] == "d: 8" ? new(400, Wire.Error("no")) : Wire.OpenAI(r) with { Delay = TimeSpan.FromMilliseconds(r.Texts()[0] == "d: 0" ? 60 : 1) });
        using var generator = RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 4, concurrency: 2));
        var seen = new List<string>();
        var texts = Enumerable.Range(0, 100).Select(i => $"{i}").ToAsyncEnumerable();
        await Assert.ThrowsAsync<RemoteServiceException>(async () =>
        {
            await foreach (var (text, vector) in generator.StreamAsync(texts))
            {
                Wire.AssertUnit("d: " + text, vector);
                seen.Add(text);
            }
        });
        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"{i}"), seen);
    }
}
