using System.Text;
using Xunit;

namespace Matryoshka.Tests.Hub;

public sealed class HubClientTests : IDisposable
{
    private const string Model = "onnx/model.onnx", Data = "onnx/model.onnx_data";

    private readonly FakeHub hub = new();
    private readonly string cache = Path.Combine(Path.GetTempPath(), "mrl-hub-" + Guid.NewGuid().ToString("N"));

    public HubClientTests()
    {
        foreach (var name in new[] { "config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json", "README.md", "pytorch_model.bin", "onnx/model_fp16.onnx" })
            hub.Files[name] = Encoding.UTF8.GetBytes($"{{\"content of\":\"{name}\"}}");
        hub.Files[Model] = Noise(300_000, 1);
        hub.Files[Data] = Noise(700_000, 2);
        hub.Large.UnionWith([Model, Data]);
    }

    public void Dispose()
    {
        hub.Dispose();
        if (Directory.Exists(cache))
            Directory.Delete(cache, recursive: true);
    }

    [Fact]
    public async Task What_a_model_needs_and_no_more_is_pulled_into_the_shared_layout()
    {
        using var client = Client();
        var last = new Dictionary<string, PullProgress>();
        var model = await client.PullAsync("some/model", new PullOptions { Progress = new Direct(p => last[p.File] = p) });
        string[] needed = ["1_Pooling/config.json", "config.json", "modules.json", "tokenizer.json", Data, Model];
        Assert.Equal(needed, model.Files);
        Assert.Equal(("some/model", FakeHub.Commit, Model), (model.Repository, model.Commit, model.ModelFile));
        Assert.Equal(needed.Sum(f => (long)hub.Files[f].Length), model.Downloaded);
        foreach (var file in needed)
        {
            Assert.Equal(hub.Files[file], await File.ReadAllBytesAsync(Path.Combine(model.Folder, file)));
            Assert.Equal(hub.Files[file].Length, last[file].Bytes);
            Assert.Equal(hub.Files[file].Length, last[file].TotalBytes);
        }
        Assert.Equal(Path.Combine(cache, "models--some--model", "snapshots", FakeHub.Commit), model.Folder);
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(Path.Combine(cache, "models--some--model", "refs", "main")));
        Assert.Equal(needed.Length, Blobs().Length);
        Assert.Contains(FakeHub.GitSha1(hub.Files["config.json"]), Blobs());
        if (!OperatingSystem.IsWindows())
            Assert.StartsWith("../../../blobs/", new FileInfo(Path.Combine(model.Folder, Model)).LinkTarget, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_pull_asks_for_no_file_and_without_network_the_cache_serves()
    {
        using var client = Client();
        var first = await client.PullAsync("some/model");
        hub.Requests.Clear();
        Assert.Equal(0, (await client.PullAsync("some/model@main")).Downloaded);
        Assert.Single(hub.Requests);
        hub.Requests.Clear();
        using var offline = Client(o => o with { Offline = true });
        Assert.Equal(first.Folder, (await offline.PullAsync("some/model")).Folder);
        Assert.Equal(first.Files, offline.FindInCache("some/model")!.Files);
        Assert.Empty(hub.Requests);
        Assert.Null(offline.FindInCache("some/other"));
        await Assert.ThrowsAsync<HubException>(() => offline.PullAsync("some/other"));

        hub.Fault = _ => new(503, []);
        Assert.Equal(first.Folder, (await client.PullAsync("some/model")).Folder);
        Assert.Contains("status 503", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/other"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_another_tool_put_into_the_cache_are_found()
    {
        var root = Path.Combine(cache, "models--some--model");
        foreach (var (name, content) in hub.Files)
        {
            var path = Path.Combine(root, "snapshots", FakeHub.Commit, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content);
        }
        Directory.CreateDirectory(Path.Combine(root, "refs"));
        await File.WriteAllTextAsync(Path.Combine(root, "refs", "main"), FakeHub.Commit);
        using var client = Client();
        Assert.Equal(0, (await client.PullAsync("some/model")).Downloaded);
        Assert.Single(hub.Requests);
    }

    [Fact]
    public async Task A_broken_connection_is_resumed_where_it_broke()
    {
        var breaks = 3;
        hub.Fault = request =>
        {
            if (request is not { Method: "GET", Path: "/cdn/" + Data } || breaks-- <= 0)
                return null;
            var start = (int)(request.RangeStart ?? 0);
            var rest = hub.Files[Data][start..];
            return new HubReply(start == 0 ? 200 : 206, rest, start == 0 ? [] : [("Content-Range", $"bytes {start}-{hub.Files[Data].Length - 1}/{hub.Files[Data].Length}")]) { CutAfter = 150_000 };
        };
        using var client = Client();
        var model = await client.PullAsync("some/model");
        Assert.Equal(hub.Files[Data], await File.ReadAllBytesAsync(Path.Combine(model.Folder, Data)));
        var starts = hub.Requests.Where(r => r.Path == "/cdn/" + Data).Select(r => r.RangeStart ?? 0).ToList();
        Assert.Equal(4, starts.Count);
        Assert.Equal(starts.Order(), starts);
        Assert.True(starts[3] > 0, "nothing was resumed");
        Assert.Equal(model.Files.Sum(f => (long)hub.Files[f].Length), model.Downloaded);
    }

    [Fact]
    public async Task An_interrupted_pull_leaves_no_file_that_looks_whole_and_the_next_one_goes_on()
    {
        hub.Fault = request => request is { Method: "GET", Path: "/cdn/" + Data } ? new HubReply(200, hub.Files[Data]) { CutAfter = 200_000 } : null;
        using var client = Client(o => o with { Attempts = 1 });
        await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"));
        Assert.Single(Blobs(), blob => blob.EndsWith(".incomplete", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(cache, "models--some--model", "snapshots", FakeHub.Commit, Data)));
        Assert.Null(client.FindInCache("some/model"));
        hub.Fault = _ => null;
        var model = await client.PullAsync("some/model");
        Assert.True(hub.Requests.Last(r => r.Path == "/cdn/" + Data).RangeStart > 0);
        Assert.Equal(hub.Files[Data], await File.ReadAllBytesAsync(Path.Combine(model.Folder, Data)));
        Assert.DoesNotContain(Blobs(), blob => blob.EndsWith(".incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_or_lost_the_file_begins_again()
    {
        using var client = Client();
        foreach (var status in new[] { 200, 416, 206 })
        {
            Directory.CreateDirectory(Path.Combine(cache, "models--some--model", "blobs"));
            var checksum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(hub.Files[Data]));
            await File.WriteAllBytesAsync(Path.Combine(cache, "models--some--model", "blobs", checksum + ".incomplete"), hub.Files[Data][..1000]);
            var faults = 1;
            hub.Fault = request => request.Path == "/cdn/" + Data && request.RangeStart is not null && faults-- > 0
                ? new HubReply(status, status == 416 ? [] : hub.Files[Data], status == 206 ? [("Content-Range", $"bytes 0-{hub.Files[Data].Length - 1}/{hub.Files[Data].Length}")] : []) : null;
            var model = await client.PullAsync("some/model");
            Assert.True(faults < 1, "no range was asked for");
            Assert.Equal(hub.Files[Data], await File.ReadAllBytesAsync(Path.Combine(model.Folder, Data)));
            Directory.Delete(cache, recursive: true);
        }
    }

    [Fact]
    public async Task Wrong_content_is_never_kept_but_a_damaged_beginning_is_fetched_anew()
    {
        var checksum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(hub.Files[Data]));
        Directory.CreateDirectory(Path.Combine(cache, "models--some--model", "blobs"));
        await File.WriteAllBytesAsync(Path.Combine(cache, "models--some--model", "blobs", checksum + ".incomplete"), new byte[5000]);
        using var client = Client();
        var model = await client.PullAsync("some/model");
        Assert.Equal(hub.Files[Data], await File.ReadAllBytesAsync(Path.Combine(model.Folder, Data)));
        Directory.Delete(cache, recursive: true);

        foreach (var name in new[] { "/cdn/" + Model, $"/some/model/resolve/{FakeHub.Commit}/config.json" })
        {
            hub.Fault = request => request.Method == "GET" && request.Path == name ? new HubReply(200, [.. hub.Files[name.StartsWith("/cdn/", StringComparison.Ordinal) ? Model : "config.json"].Select(b => (byte)~b)]) : null;
            var error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"));
            Assert.Contains("another checksum", error.Message, StringComparison.Ordinal);
            Assert.Null(client.FindInCache("some/model"));
            Assert.DoesNotContain(Blobs(), blob => blob.EndsWith(".incomplete", StringComparison.Ordinal));
            Directory.Delete(cache, recursive: true);
        }
        hub.Fault = request => request.Method == "GET" && request.Path == "/cdn/" + Model ? new HubReply(200, Noise(400_000, 1)) : null;
        Assert.Contains("longer than", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_the_host_it_redirects_to()
    {
        using var client = Client(o => o with { Token = "secret" });
        await client.PullAsync("some/model");
        Assert.All(hub.Requests.Where(r => !r.Path.StartsWith("/cdn/", StringComparison.Ordinal)), r => Assert.Equal("Bearer secret", r.Headers["Authorization"]));
        Assert.Equal(2, hub.Requests.Count(r => r.Path.StartsWith("/cdn/", StringComparison.Ordinal)));
        Assert.All(hub.Requests.Where(r => r.Path.StartsWith("/cdn/", StringComparison.Ordinal)), r => Assert.DoesNotContain("Authorization", r.Headers.Keys));
    }

    [Theory]
    [InlineData(401, "HF_TOKEN")]
    [InlineData(403, "accept the model's terms")]
    [InlineData(404, "check the name and the revision")]
    public async Task A_refusal_says_what_to_do_and_is_not_tried_again(int status, string advice)
    {
        hub.Fault = _ => new HubReply(status, []);
        using var client = Client();
        var error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"));
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.Single(hub.Requests);
        Assert.False(Directory.Exists(cache));
    }

    [Fact]
    public async Task A_busy_hub_is_tried_again_and_a_redirect_in_circles_is_left()
    {
        var busy = 2;
        hub.Fault = _ => busy-- > 0 ? new HubReply(429, []) : null;
        using var client = Client();
        Assert.True((await client.PullAsync("some/model")).Downloaded > 0);
        hub.Fault = request => new HubReply(307, [], ("Location", request.Path));
        Assert.Contains("in circles", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"))).Message, StringComparison.Ordinal);
        hub.Fault = _ => new HubReply(200, "<html>"u8.ToArray());
        Assert.Contains("a model hub?", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("onnx/model.onnx_data/../../../../escape")]
    [InlineData("onnx/model.onnx_data\\..\\escape")]
    [InlineData("onnx/model.onnx_data:stream")]
    [InlineData("onnx/model.onnx_data/")]
    [InlineData("onnx/model.onnx_data\u0001")]
    public async Task Hostile_file_names_are_refused_and_nothing_is_saved(string name)
    {
        hub.ExtraNames.Add(name);
        using var client = Client();
        var error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"));
        Assert.Contains("does not stay within a folder", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(cache));
        await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model", new PullOptions { ModelFile = name }));
    }

    [Theory]
    [InlineData("some/model@../../x")]
    [InlineData("../model")]
    [InlineData("some/../model")]
    [InlineData("so me/model")]
    [InlineData("a/b/c")]
    [InlineData("some/model@")]
    public async Task Names_that_are_none_are_refused_before_anything_is_asked(string name)
    {
        using var client = Client();
        await Assert.ThrowsAsync<HubException>(() => client.PullAsync(name));
        Assert.Empty(hub.Requests);
    }

    [Fact]
    public async Task Names_of_the_catalogue_lead_to_the_repository_with_the_files()
    {
        using var client = Client();
        await Assert.ThrowsAsync<UnknownModelException>(() => client.PullAsync("nomic-embed-txt"));
        Assert.Contains("publisher's service", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("text-embedding-3-small"))).Message, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);
        foreach (var (name, repository) in new[] { ("nomic-embed-text", "nomic-ai/nomic-embed-text-v1.5"), ("bge-small-en-v1.5", "qdrant/bge-small-en-v1.5-onnx-q"), ("embeddinggemma-300m", "onnx-community/embeddinggemma-300m-ONNX") })
        {
            hub.Requests.Clear();
            await Assert.ThrowsAsync<HubException>(() => client.PullAsync(name));
            Assert.Equal($"/api/models/{repository}/revision/main", hub.Requests.Single().Path);
        }
    }

    [Fact]
    public async Task A_model_without_the_weights_asked_for_names_those_it_has()
    {
        using var client = Client();
        Assert.Equal("onnx/model_fp16.onnx", (await client.PullAsync("some/model", new PullOptions { ModelFile = "onnx/model_fp16.onnx" })).ModelFile);
        var error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model", new PullOptions { ModelFile = "onnx/model_q9.onnx" }));
        Assert.Contains("onnx/model.onnx, onnx/model_fp16.onnx", error.Message, StringComparison.Ordinal);
        hub.Files.Remove("tokenizer.json");
        Assert.Contains("tokenizer.json", (await Assert.ThrowsAsync<HubException>(() => client.PullAsync("some/model"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pulls_at_the_same_time_receive_each_file_once()
    {
        var clients = Enumerable.Range(0, 4).Select(_ => Client()).ToList();
        var models = await Task.WhenAll(clients.Select(c => c.PullAsync("some/model")));
        Assert.Equal(hub.Files[Model].Length + hub.Files[Data].Length, models.Sum(m => m.Downloaded) - models[0].Files.Where(f => !hub.Large.Contains(f)).Sum(f => (long)hub.Files[f].Length));
        Assert.Equal(1, hub.Gets("/cdn/" + Data));
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task A_cancelled_pull_ends_and_what_stops_answering_is_given_up()
    {
        using var stopped = new CancellationTokenSource();
        hub.Fault = request =>
        {
            if (request.Path.StartsWith("/cdn/", StringComparison.Ordinal))
                stopped.Cancel();
            return null;
        };
        using var client = Client();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PullAsync("some/model", cancellationToken: stopped.Token));
        hub.Fault = _ => new HubReply(200, [1]) { Length = 100 };
        using var hasty = Client(o => o with { Patience = TimeSpan.FromMilliseconds(200), Attempts = 2 });
        Assert.Contains("stopped answering", (await Assert.ThrowsAsync<HubException>(() => hasty.PullAsync("other/model"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_is_read_as_the_hubs_own_tools_read_it()
    {
        static HubOptions From(params (string Name, string Value)[] variables) => HubOptions.FromEnvironment(name => variables.FirstOrDefault(v => v.Name == name).Value);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal((HubOptions.DefaultEndpoint, null, Path.Join(home, ".cache", "huggingface", "hub"), false), Facts(From()));
        Assert.Equal(Path.Join("x", "huggingface", "hub"), From(("XDG_CACHE_HOME", "x")).CacheFolder);
        Assert.Equal(Path.Join("h", "hub"), From(("XDG_CACHE_HOME", "x"), ("HF_HOME", "h")).CacheFolder);
        Assert.Equal("c", From(("HF_HOME", "h"), ("HF_HUB_CACHE", "c")).CacheFolder);
        Assert.Equal((new Uri("http://mirror:1/"), "t", "c", true), Facts(From(("HF_ENDPOINT", "http://mirror:1"), ("HF_TOKEN", " t\n"), ("HF_HUB_CACHE", "c"), ("HF_HUB_OFFLINE", "1"))));
        Assert.Throws<HubException>(() => From(("HF_ENDPOINT", "mirror")));
        Assert.DoesNotContain("hush", From(("HF_TOKEN", "hush")).ToString(), StringComparison.Ordinal);
    }

    private static (Uri, string?, string, bool) Facts(HubOptions o) => (o.Endpoint, o.Token, o.CacheFolder, o.Offline);

    private HubClient Client(Func<HubOptions, HubOptions>? change = null)
    {
        var options = new HubOptions { Endpoint = hub.Endpoint, CacheFolder = cache, Attempts = 4, RetryPause = TimeSpan.FromMilliseconds(1) };
        return new HubClient(change?.Invoke(options) ?? options);
    }

    private string[] Blobs() => [.. Directory.GetFiles(Path.Combine(cache, "models--some--model", "blobs")).Select(f => Path.GetFileName(f))];

    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class Direct(Action<PullProgress> report) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => report(value);
    }
}
