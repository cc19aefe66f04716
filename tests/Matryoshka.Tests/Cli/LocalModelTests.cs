using System.Text.Json;
using Matryoshka.Tests.Collections;
using Matryoshka.Tests.Hub;
using Matryoshka.Tests.Onnx;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>ONNX models in folders and from a hub, driven by the commands a user types.</summary>
public sealed class LocalModelTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_model_is_pulled_once_and_then_serves_offline()
    {
        using var model = new SmallModel(8).Build();
        var hub = new FakeHub();
        foreach (var file in Directory.GetFiles(model.Folder, "*", SearchOption.AllDirectories))
            hub.Files[Path.GetRelativePath(model.Folder, file).Replace('\\', '/')] = File.ReadAllBytes(file);
        hub.Files["pytorch_model.bin"] = new byte[1000];
        hub.Large.Add("onnx/model.onnx");
        Dictionary<string, string> environment = new() { ["HF_ENDPOINT"] = hub.Endpoint.ToString(), ["HF_HUB_CACHE"] = folder.At("hub"), ["HF_TOKEN"] = "hf_x", ["MRL_RECIPES"] = "" };

        Assert.Contains("mrl pull some/model", (await CliRun.WithVariables(environment, "embed", "red", "--model", "some/model", "--offline")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("no-such", (await CliRun.WithVariables(environment, "pull", "some/no-such")).Expect(1).Error, StringComparison.Ordinal);
        var pulled = (await CliRun.WithVariables(environment, "pull", "some/model@main", "--json")).Expect(0).Json;
        Assert.Equal((FakeHub.Commit, "onnx/model.onnx"), (pulled.GetProperty("commit").GetString(), pulled.GetProperty("modelFile").GetString()));
        Assert.Equal(["1_Pooling/config.json", "config.json", "tokenizer.json", "onnx/model.onnx"], pulled.GetProperty("files").EnumerateArray().Select(f => f.GetString()));
        Assert.True(pulled.GetProperty("downloaded").GetInt64() > 0);
        Assert.Equal(pulled.GetProperty("folder").GetString(), Assert.Single((await CliRun.WithVariables(environment, "pull", "some/model", "--offline")).Expect(0).Lines));
        hub.Dispose();

        File.WriteAllLines(folder.At("docs.jsonl"), ["""{"text":"red fish"}""", """{"text":"blue bird"}"""]);
        (await CliRun.WithVariables(environment, "index", folder.At("docs.jsonl"), "--model", "some/model", "-c", folder.At("c"))).Expect(0);
        var found = (await CliRun.WithVariables(environment, "search", "red fish", "-c", folder.At("c"), "--json")).Expect(0).Json.GetProperty("hits")[0];
        Assert.Equal(("red fish", 8), (found.GetProperty("text").GetString(), found.GetProperty("scoreDimensions").GetInt32()));
        Assert.Contains($"some/model@{FakeHub.Commit}", (await CliRun.Of("info", "-c", folder.At("c"))).Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prefix_of_a_model_that_was_not_trained_for_it_takes_force()
    {
        using var model = new SmallModel(64).Build();
        string[] embed = ["embed", "red fish", "--model", model.Folder, "--dims", "10"];
        Assert.Contains("not trained for truncation", (await CliRun.Of(embed)).Expect(2).Error, StringComparison.Ordinal);
        var full = JsonSerializer.Deserialize<float[]>((await CliRun.Of(embed[..4])).Expect(0).Out)!;
        var forced = JsonSerializer.Deserialize<float[]>((await CliRun.Of([.. embed, "--force"])).Expect(0).Out)!;
        Assert.Equal((64, 10), (full.Length, forced.Length));
        var length = Math.Sqrt(full.Take(10).Sum(x => (double)x * x));
        Assert.Equal(full.Take(10).Select(x => x / length), forced.Select(x => (double)x), (a, b) => Math.Abs(a - b) < 1e-5);

        File.WriteAllLines(folder.At("docs.jsonl"), ["""{"text":"red fish"}""", """{"text":"blue bird"}"""]);
        string[] index = ["index", folder.At("docs.jsonl"), "--model", model.Folder, "-c"];
        (await CliRun.Of([.. index, folder.At("plain")])).Expect(0);
        Assert.Contains("not trained for truncation", (await CliRun.Of("search", "red", "--dims", "32", "-c", folder.At("plain"))).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("fixed when it was created", (await CliRun.Of([.. index, folder.At("plain"), "--force"])).Expect(2).Error, StringComparison.Ordinal);
        (await CliRun.Of([.. index, folder.At("forced"), "--force"])).Expect(0);
        var cells = (await CliRun.Of("search", "red fish", "--dims", "32", "-c", folder.At("forced"))).Expect(0).Lines[0].Split('\t');
        Assert.Equal(("@32 f16", "red fish"), (cells[2], cells[5]));
        Assert.Contains("forced", (await CliRun.Of("info", "-c", folder.At("forced"))).Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("needs no --force", (await CliRun.Of("index", folder.At("docs.jsonl"), "--force", "-c", folder.At("default"))).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_texts_are_cut_and_counted_or_refused_but_never_silently()
    {
        using var model = new SmallModel(8).Build();
        var texts = folder.At("texts.txt");
        File.WriteAllLines(texts, ["red fish", string.Join(' ', Enumerable.Repeat("blue", 50)), string.Join(' ', Enumerable.Repeat("bird", 40))]);
        var cut = (await CliRun.Of("embed", "-f", texts, "--model", model.Folder)).Expect(0);
        Assert.Contains("2 texts had more tokens than the 32", cut.Error, StringComparison.Ordinal);
        Assert.Equal(3, cut.Lines.Length);
        Assert.Contains("52 tokens", (await CliRun.Of("embed", "-f", texts, "--model", model.Folder, "--long-texts", "refuse")).Expect(1).Error, StringComparison.Ordinal);
        // Documents are split to what the model takes.
        var indexed = (await CliRun.Of("index", texts, "--model", model.Folder, "-c", folder.At("c"))).Expect(0);
        Assert.DoesNotContain("more tokens", indexed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "has only", "cuda")]
    [InlineData(1, "has only", "tensorrt:1")]
    [InlineData(2, "not an execution provider", "quantum")]
    [InlineData(2, "cuda:1 for the second", "cuda:x")]
    public async Task An_execution_provider_that_is_not_there_is_said_so(int code, string expected, string provider)
    {
        using var model = new SmallModel(8).Build();
        Assert.Contains(expected, (await CliRun.Of("embed", "red", "--model", model.Folder, "--execution-provider", provider)).Expect(code).Error, StringComparison.Ordinal);
        Assert.Contains("ONNX model that runs here", (await CliRun.Of("embed", "red", "--model", "default", "--execution-provider", provider)).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Imported_vectors_are_searched_with_the_model_of_their_name()
    {
        File.WriteAllLines(folder.At("t.jsonl"), ["""{"id": "a", "text": "how to bake bread"}""", """{"id": "b", "text": "the moons of Jupiter"}"""]);
        (await CliRun.Of("embed", "-f", folder.At("t.jsonl"), "-o", folder.At("t.npy"))).Expect(0);
        (await CliRun.Of("import", folder.At("t.npy"), "--keys", folder.At("t.jsonl"), "--model", ModelCatalogue.DefaultModel, "-c", folder.At("c"))).Expect(0);
        var run = (await CliRun.Of("search", "planets and moons", "-c", folder.At("c"), "-k", "1")).Expect(0);
        Assert.Equal("b", run.Lines[0].Split('\t')[3]);
        Assert.Contains("does not say which weights", run.Error, StringComparison.Ordinal);

        File.WriteAllText(folder.At("v.jsonl"), $$"""{"id":"a","vector":[{{string.Join(',', Enumerable.Range(1, 768))}}]}""");
        (await CliRun.Of("import", folder.At("v.jsonl"), "--model", "gte-base", "-c", folder.At("g"))).Expect(0);
        // With a network, too: nobody asked for a download.
        var environment = new Dictionary<string, string> { ["HF_HUB_CACHE"] = folder.At("hub"), ["HF_ENDPOINT"] = "http://127.0.0.1:1", ["MRL_RECIPES"] = "" };
        Assert.Contains("mrl pull thenlper/gte-base", (await CliRun.WithVariables(environment, "search", "x", "-c", folder.At("g"))).Expect(1).Error, StringComparison.Ordinal);
    }
}
