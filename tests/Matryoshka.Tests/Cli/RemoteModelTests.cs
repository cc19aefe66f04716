using System.Text;
using Matryoshka.Tests.Collections;
using Matryoshka.Tests.Remote;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>Models at a server, driven by the commands a user types.</summary>
public sealed class RemoteModelTests : IDisposable
{
    private const string KeyVariable = "MATRYOSHKA_TEST_KEY_OF_COMMANDS", Key = "sk-never-to-be-seen-4711";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_collection_finds_its_servers_model_again_and_keeps_no_key()
    {
        Environment.SetEnvironmentVariable(KeyVariable, Key);
        using var server = new WordServer();
        var recipes = server.Recipes(folder.At("recipes.json"));
        Lines("docs.jsonl", "the heron stands in the reeds", "a kettle boils on the stove", "rust grows on old iron");
        string[] named = ["--model", "compatible:served-words", "--recipe", "words", "--recipes", recipes, "--endpoint", server.Endpoint + "?secret=1", "--key-variable", KeyVariable];
        (await CliRun.Of(["index", folder.At("docs.jsonl"), "-c", folder.At("c"), .. named])).Expect(0);
        Assert.All(server.Embedded(), text => Assert.StartsWith("tell: ", text, StringComparison.Ordinal));
        Assert.All(server.Server.Requests, request => Assert.Equal("Bearer " + Key, request.Headers["Authorization"]));

        // The server is found without being named; the part of the address after '?' was not kept.
        var found = (await CliRun.Of("search", "iron and rust", "-c", folder.At("c"), "--json", "-k", "1")).Expect(0);
        Assert.Equal("rust grows on old iron", found.Json.GetProperty("hits")[0].GetProperty("text").GetString());
        Assert.Equal("ask: iron and rust", server.Embedded()[^1]);
        Assert.Equal(64, (await CliRun.Of("search", "kettle", "-c", folder.At("c"), "--json", "--dims", "64")).Expect(0).Json.GetProperty("hits")[0].GetProperty("scoreDimensions").GetInt32());
        Assert.Equal(1, (await CliRun.Of("embed", "kettle", "-c", folder.At("c"), "--json")).Expect(0).Json.GetProperty("rows").GetInt32());

        var info = (await CliRun.Of("info", "-c", folder.At("c"), "--json")).Expect(0);
        Assert.Equal(("remote", "compatible:served-words", server.Endpoint, KeyVariable), (info.Json.GetProperty("model").GetProperty("kind").GetString(), info.Json.GetProperty("model").GetProperty("where").GetString(),
            info.Json.GetProperty("model").GetProperty("endpoint").GetString(), info.Json.GetProperty("model").GetProperty("keyVariable").GetString()));
        Assert.Contains("compatible:served-words at " + server.Endpoint, (await CliRun.Of("info", "-c", folder.At("c"))).Expect(0).Out, StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(folder.At("c"), "*", SearchOption.AllDirectories), file =>
        {
            Assert.DoesNotContain(Key, Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal);
            Assert.DoesNotContain("secret=1", Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_model_that_moved_is_named_once_and_another_one_is_refused()
    {
        var old = new WordServer();
        Lines("docs.jsonl", "the heron stands in the reeds", "a kettle boils on the stove");
        (await CliRun.Of("index", folder.At("docs.jsonl"), "-c", folder.At("c"), "--model", "words", "--recipes", old.Recipes(folder.At("a.json")))).Expect(0);
        old.Dispose();
        using var moved = new WordServer();
        (await CliRun.Of("index", folder.At("docs.jsonl"), "-c", folder.At("c"), "--model", "words", "--recipes", moved.Recipes(folder.At("b.json")))).Expect(0);
        (await CliRun.Of("search", "kettle", "-c", folder.At("c"))).Expect(0);
        Assert.Equal(["ask: kettle"], moved.Embedded());
        var other = (await CliRun.Of("search", "kettle", "-c", folder.At("c"), "--model", ModelCatalogue.DefaultModel)).Expect(1);
        Assert.Contains("must not be mixed", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_what_it_runs_need_not_be_told()
    {
        using var server = new LoopbackServer(request => request.Path == "/info" ? new(200, """{"model_id":"thenlper/gte-base","max_client_batch_size":8,"model_type":{"embedding":{"pooling":"mean"}}}""")
            : new(200, "[" + string.Join(',', request.Texts("inputs").Select(text => Wire.Numbers(TestVectors.Vector(text.Length, 768)))) + "]"));
        Lines("docs.jsonl", [.. Enumerable.Range(0, 20).Select(i => $"a text {new string('x', i)}")]);
        (await CliRun.Of("index", folder.At("docs.jsonl"), "-c", folder.At("c"), "--model", "tei:", "--endpoint", server.Address.ToString())).Expect(0);
        Assert.All(server.Requests.Where(request => request.Path == "/embed"), request => Assert.InRange(request.Texts("inputs").Length, 1, 8));
        Assert.Equal("tei:thenlper/gte-base", (await CliRun.Of("info", "-c", folder.At("c"), "--json")).Expect(0).Json.GetProperty("model").GetProperty("where").GetString());
        Assert.Equal("a text xxxx", (await CliRun.Of("search", "a text yyyy", "-c", folder.At("c"), "-k", "1")).Expect(0).Lines[0].Split('\t')[5]);
        Assert.Contains("768", (await CliRun.Of("search", "x", "--dims", "100", "-c", folder.At("c"))).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_embedded_before_a_lasting_error_is_kept_and_the_next_run_goes_on()
    {
        var ledger = new FaultLedger(WordServer.Answer);
        using var server = new WordServer((request, _) => ledger.Answer(request));
        string[] command = ["index", folder.At("docs.jsonl"), "-c", folder.At("c"), "--model", "words", "--recipes", server.Recipes(folder.At("recipes.json")), "--batch", "8", "--cache", folder.At("vectors.db"), "--json"];
        Lines("docs.jsonl", [.. Enumerable.Range(0, 1500).Select(i => $"text number {i} of a long list")]);
        ledger.RefusesFrom = 130;
        var broken = (await CliRun.Of(command)).Expect(1);
        Assert.Contains("the account is closed", broken.Error, StringComparison.Ordinal);
        Assert.Contains("stored and stay", broken.Error, StringComparison.Ordinal);
        using (var collection = Collection.Open(folder.At("c")))
            Assert.InRange(await collection.CountAsync(), 256, 1499);
        ledger.RefusesFrom = int.MaxValue;
        var done = (await CliRun.Of(command)).Expect(0).Json;
        Assert.Equal(1500, done.GetProperty("records").GetInt32());
        Assert.Equal(1500, ledger.Answered.Count);
        Assert.Empty(ledger.SentAgain);
        Assert.True(ledger.Faults.Sum() > 5);
    }

    [Fact]
    public async Task A_check_holds_a_server_against_its_recipe()
    {
        using var honest = new WordServer();
        string[] Check(WordServer server, string nesting = """{"nesting": "trained", "sizes": [64, 128, 256]}""") => ["models", "check", "words", "--recipes", server.Recipes(folder.At("recipes.json"), nesting)];
        var json = (await CliRun.Of([.. Check(honest), "--json"])).Expect(0).Json;
        Assert.True(json.GetProperty("sound").GetBoolean());
        Assert.Equal((WordServer.Name, 256, "trained", "ask: ", "mrl"), (json.GetProperty("model").GetString(), json.GetProperty("dimensions").GetInt32(), json.GetProperty("nesting").GetString(),
            json.GetProperty("queryPrompt").GetString(), json.GetProperty("promptsBy").GetString()));
        Assert.True(json.GetProperty("textsPerSecond").GetDouble() > 0 && json.GetProperty("tokensPerSecond").GetDouble() > 0);
        var plain = (await CliRun.Of(Check(honest))).Expect(0);
        Assert.Contains("fact\tquery prompt\t\"ask: \"", plain.Out, StringComparison.Ordinal);
        Assert.Contains("check\tquestions find their texts at 64 dimensions\tpassed", plain.Out, StringComparison.Ordinal);
        Assert.Contains("╭", (await CliRun.OnTerminal(Check(honest))).Expect(0).Out, StringComparison.Ordinal);

        using var deaf = new WordServer((request, _) => new(200, Wire.OpenAI(request.Texts().Select((_, i) => (i, WordServer.Vector("always the same"))))));
        var failed = await CliRun.Of([.. Check(deaf), "--json"]);
        Assert.Equal(1, failed.Code);
        Assert.Contains(failed.Json.GetProperty("findings").EnumerateArray(), f => f.GetProperty("check").GetString()!.StartsWith("prompts", StringComparison.Ordinal) && !f.GetProperty("passed").GetBoolean());
        Assert.Contains("256", (await CliRun.Of(Check(honest, """{"nesting": "none", "sizes": [512]}"""))).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("mrl models check --help", (await CliRun.Of("models", "check", "words", "--nonsense")).Error, StringComparison.Ordinal);
    }

    private void Lines(string name, params string[] texts) =>
        File.WriteAllLines(folder.At(name), texts.Select((text, i) => $$"""{"id":"r{{i}}","text":"{{text}}"}"""));
}
