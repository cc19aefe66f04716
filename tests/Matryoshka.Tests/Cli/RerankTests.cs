using Matryoshka.Tests.Collections;
using Matryoshka.Tests.Onnx;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class RerankTests(SampleStore sample) : IClassFixture<SampleStore>, IDisposable
{
    private readonly TestFolder folder = new();
    private readonly WordServer server = new();

    public void Dispose()
    {
        server.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_plan_may_end_in_a_reranker_at_a_server()
    {
        const string Plan = "f16:full x7 > rerank:tei: x2";
        string[] search = ["search", "every day a starter", "-c", sample.Path, "--plan", Plan, "-k", "2", "--rerank-endpoint", server.Endpoint];
        var json = (await CliRun.Of([.. search, "--json"])).Expect(0).Json;
        Assert.Equal(Plan, json.GetProperty("plan").GetString());
        var hit = json.GetProperty("hits")[0];
        Assert.Equal(("bread.md#1", 4d), (hit.GetProperty("key").GetString(), hit.GetProperty("score").GetDouble()));
        Assert.True(hit.GetProperty("retrievalRank").GetInt32() >= 1 && hit.GetProperty("retrievalScore").GetDouble() is > 0 and <= 1);
        var stage = json.GetProperty("stages").EnumerateArray().Last();
        Assert.Equal(("rerank:tei: x2", 7, 2), (stage.GetProperty("stage").GetString(), stage.GetProperty("in").GetInt32(), stage.GetProperty("out").GetInt32()));
        Assert.True(stage.GetProperty("microseconds").GetInt64() > 0);

        var plain = (await CliRun.Of([.. search, "--explain"])).Expect(0);
        Assert.Equal("rerank", plain.Lines[0].Split('\t')[2]);
        Assert.Equal(["reranked", "1", "4"], plain.Lines.Single(line => line.StartsWith("reranked\t1\t", StringComparison.Ordinal)).Split('\t')[..3]);
        Assert.Contains("rerank:tei: x2", (await CliRun.OnTerminal([.. search, "--explain"])).Expect(0).Out, StringComparison.Ordinal);
        (await CliRun.Of([.. search, "--hybrid"])).Expect(0);
        (await CliRun.Of([.. search, "--keyword"])).Expect(0);
    }

    [Fact]
    public async Task A_reranker_of_ones_own_or_in_a_folder_is_found_by_name()
    {
        using var model = new SmallModel(8).BuildScorer();
        var recipes = server.Recipes(folder.At("recipes.json"));
        var own = (await CliRun.Of("search", "every day a starter", "-c", sample.Path, "--plan", "bit:full x6 > f16:full x5 > rerank:shared-words", "-k", "1", "--recipes", recipes)).Expect(0);
        Assert.Equal("bread.md#1", own.Lines[0].Split('\t')[3]);
        var local = (await CliRun.Of("search", "red fish", "-c", sample.Path, "--plan", $"f16:full x3 > rerank:{model.Folder}", "-k", "3", "--json")).Expect(0).Json.GetProperty("hits");
        var scores = local.EnumerateArray().Select(hit => hit.GetProperty("score").GetDouble()).ToArray();
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.All(scores, score => Assert.InRange(score, 0, 1));
        var similar = (await CliRun.Of("similar", "bread.md#0", "-c", sample.Path, "--plan", $"f16:full x4 > rerank:{model.Folder}", "-k", "3")).Expect(0);
        Assert.DoesNotContain(similar.Lines, line => line.Split('\t')[3] == "bread.md#0");
    }

    [Fact]
    public async Task What_cannot_be_reranked_says_why()
    {
        Task<CliRun> Search(string plan, params string[] more) => CliRun.Of(["search", "x", "-c", sample.Path, "--plan", plan, .. more]);
        Assert.Contains("not a reranker", (await Search("f16:full x20 > rerank:nobody")).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("keeps fewer than the 10", (await Search("f16:full x5 > rerank:tei:", "--rerank-endpoint", server.Endpoint)).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("comes last", (await Search("f16:full x20 > rerank:tei: x10 > f16:full")).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("--rerank-endpoint", (await Search("f16:full x20", "--rerank-endpoint", server.Endpoint)).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("no-such", (await Search("f16:full x20 > rerank:some/no-such")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("mrl: warning: left out", (await CliRun.Of("bench", "--queries", sample.File("q.jsonl", """{"text":"bread"}"""), "--plans", "f16:full; f16:full x20 > rerank:tei:", "-c", sample.Path, "--seconds", "0.1", "-k", "3")).Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rerank_stands_alone_over_files_lines_and_standard_input()
    {
        File.WriteAllText(folder.At("a.txt"), "rust grows on\nold iron");
        File.WriteAllLines(folder.At("b.jsonl"), ["""{"text":"the heron stands"}""", """{"text":"old iron rust and more"}"""]);
        string[] model = ["--model", "tei:", "--endpoint", server.Endpoint];
        var json = (await CliRun.Of(["rerank", "rust on old iron bridges", folder.At("a.txt"), folder.At("b.jsonl"), "--json", .. model])).Expect(0).Json;
        Assert.Equal(("rust on old iron bridges", "tei:", 3), (json.GetProperty("query").GetString(), json.GetProperty("model").GetString(), json.GetProperty("documents").GetInt32()));
        Assert.Equal([(folder.At("a.txt"), 4d, 0), (folder.At("b.jsonl") + ":2", 3d, 2), (folder.At("b.jsonl") + ":1", 0d, 1)],
            json.GetProperty("results").EnumerateArray().Select(r => (r.GetProperty("place").GetString()!, r.GetProperty("score").GetDouble(), r.GetProperty("index").GetInt32())));
        var plain = (await CliRun.WithInput("a heron\nsome iron\n", ["rerank", "iron", "-", "-k", "1", .. model])).Expect(0);
        Assert.Equal("1\t1\t-:2\tsome iron", Assert.Single(plain.Lines));
        Assert.Contains("rust grows on", (await CliRun.OnTerminal(["rerank", "iron", folder.At("a.txt"), .. model])).Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("--model", (await CliRun.Of("rerank", "iron", folder.At("a.txt"))).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("no file", (await CliRun.Of(["rerank", "iron", folder.At("none.txt"), .. model])).Expect(1).Error, StringComparison.Ordinal);
    }
}
