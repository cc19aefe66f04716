using System.Text.Json;
using System.Text.RegularExpressions;
using Matryoshka.Tuning.Reporting;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>tune, plans, compare and audit end to end, on the paragraphs that ship with the demonstration.</summary>
public sealed class TuneStore : IDisposable
{
    public const int QueryCount = 160;

    private readonly SampleStore files = new();

    public TuneStore()
    {
        var folder = System.IO.Path.Join(AppContext.BaseDirectory, "samples", "squad");
        var corpus = File.ReadLines(System.IO.Path.Join(folder, "corpus.jsonl")).Take(300).ToArray();
        var known = corpus.Select(line => Field(line, "_id")).ToHashSet();
        var judged = File.ReadLines(System.IO.Path.Join(folder, "qrels.test.tsv")).Skip(1).Where(line => known.Contains(line.Split('\t')[1])).Take(QueryCount).ToArray();
        var wanted = judged.Select(line => line.Split('\t')[0]).ToHashSet();
        Qrels = files.File("qrels.tsv", ["query-id\tcorpus-id\tscore", .. judged]);
        Queries = files.File("queries.jsonl", [.. File.ReadLines(System.IO.Path.Join(folder, "queries.jsonl")).Where(line => wanted.Contains(Field(line, "_id")))]);
        using var collection = Collection.Create(Path, new CollectionOptions { Generator = StaticEmbeddingGenerator.Default() });
        collection.UpsertAsync(corpus.Select(line => new Record { Key = Field(line, "_id"), Text = Field(line, "text") })).GetAwaiter().GetResult();
    }

    public string Path => files.At("tune.mrl");

    public string Queries { get; }

    public string Qrels { get; }

    public string Write(string name, params string[] lines) => files.File(name, lines);

    public string At(string name) => files.At(name);

    public void Dispose() => files.Dispose();

    private static string Field(string line, string name)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty(name).GetString()!;
    }
}

public sealed partial class TuneCommandTests(TuneStore store) : IClassFixture<TuneStore>
{
    [Fact]
    public async Task A_tuned_plan_becomes_the_default_that_searches_run_and_plans_show_and_can_be_left_again()
    {
        var terminal = (await CliRun.OnTerminal("tune", "-c", store.Path, "--seconds", "0.6", "--queries", store.Queries, "--qrels", store.Qrels, "--keep", "90%", "--rows", "1M")).Expect(0);
        using var report = JsonDocument.Parse(File.ReadAllText(Path.Join(store.Path + "-tune", "report.json")));
        var json = report.RootElement;
        Agrees(json.GetProperty("recommendation").GetProperty("plan"), terminal, File.ReadAllText(Path.Join(store.Path + "-tune", "report.html")));
        var plan = json.GetProperty("recommendation").GetProperty("plan").GetProperty("plan").GetString()!;
        Assert.Equal(1_000_000, json.GetProperty("recommendation").GetProperty("plan").GetProperty("projection").GetProperty("rows").GetInt64());
        Assert.Equal("Judged", json.GetProperty("truth").GetProperty("kind").GetString());
        Assert.True(File.Exists(Path.Join(store.Path + "-tune", "report.html")));
        Assert.False(File.Exists(Path.Join(store.Path + "-tune", "progress.state")));

        Assert.Equal(plan, (await CliRun.Of("search", "who won the game", "-c", store.Path, "--json")).Expect(0).Json.GetProperty("plan").GetString());
        var plans = (await CliRun.Of("plans", "-c", store.Path, "--json")).Expect(0).Json;
        Assert.Equal(plan, plans.GetProperty("defaultPlan").GetString());
        var stored = plans.GetProperty("plans").EnumerateArray().Single(item => item.GetProperty("name").GetString() == "tuned");
        Assert.True(stored.GetProperty("measurement").GetProperty("kept").GetDouble() >= 0.9);
        Assert.StartsWith("*\ttuned\t", (await CliRun.Of("plans", "-c", store.Path)).Expect(0).Lines[0], StringComparison.Ordinal);

        (await CliRun.Of("plans", "-c", store.Path, "--set", "int8:64 x50 > f16:full", "--name", "mine")).Expect(0);
        Assert.Equal("int8:64 x50 > f16:full", (await CliRun.Of("search", "who won the game", "-c", store.Path, "--json")).Json.GetProperty("plan").GetString());
        (await CliRun.Of("plans", "-c", store.Path, "--use", "built-in")).Expect(0);
        Assert.Equal(plans.GetProperty("builtInPlan").GetString(), (await CliRun.Of("plans", "-c", store.Path, "--json")).Json.GetProperty("defaultPlan").GetString());
        (await CliRun.Of("plans", "-c", store.Path, "--remove", "mine")).Expect(0);
        (await CliRun.Of("plans", "-c", store.Path, "--remove", "mine")).Expect(1);
    }

    // Every number of the recommended plan, written as numbers are, stands on the terminal and on the page.
    private static void Agrees(JsonElement plan, CliRun terminal, string page)
    {
        var shown = Escapes().Replace(terminal.Out + terminal.Error, "");
        double Of(string section, string name) => plan.GetProperty(section).GetProperty(name).GetDouble();
        foreach (var number in new[] { Words.Percent(Of("kept", "share")), Words.Microseconds(Of("latency", "p95")),
            Words.Bytes(plan.GetProperty("residentBytes").GetDouble()), Words.Money(Of("projection", "monthly"), "").Trim(), Words.Seconds(Of("projection", "buildSeconds")) })
        {
            Assert.Contains(number, shown, StringComparison.Ordinal);
            Assert.Contains(number, page.Replace('\u00a0', ' '), StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Escapes();

    [Fact]
    public async Task Rerankers_are_named_as_searches_name_them_and_never_become_the_default()
    {
        using var server = new WordServer();
        string[] tune = ["tune", "-c", store.Path, "--seconds", "3", "--queries", store.Queries, "--qrels", store.Qrels, "--limit", "40", "--rerank-endpoint", server.Endpoint, "--out", store.At("reranked")];
        var run = (await CliRun.Of([.. tune, "--plans", "f16:full", "--rerank", "tei:", "--keep", "50%"])).Expect(0);
        Assert.Contains("rerank:tei: x10", run.Error, StringComparison.Ordinal);
        var before = (await CliRun.Of("plans", "-c", store.Path, "--json")).Json.GetProperty("defaultPlan").GetString();
        Assert.InRange((await CliRun.Of([.. tune, "--plans", "f16:full x20 > rerank:tei:", "--keep", "101%"])).Code, 0, 1);
        Assert.Equal(before, (await CliRun.Of("plans", "-c", store.Path, "--json")).Json.GetProperty("defaultPlan").GetString());
        (await Tune("--rerank", "tei:", "--rerank-endpoint", server.Endpoint)).Expect(2);
        (await Tune("--queries", store.Queries, "--rerank-endpoint", server.Endpoint)).Expect(2);
    }

    [Fact]
    public async Task Without_queries_sentences_are_held_out_and_said_to_be_no_questions()
    {
        var run = (await Tune("--keep", "80%", "--dry-run", "--limit", "100", "--out", store.At("held"), "--plans", FewPlans)).Expect(0);
        Assert.Contains("held out", run.Error, StringComparison.Ordinal);
        Assert.Contains("KnownItem", File.ReadAllText(Path.Join(store.At("held"), "report.json")), StringComparison.Ordinal);
        Assert.Contains("not users' questions", File.ReadAllText(Path.Join(store.At("held"), "report.html")).Replace("&#39;", "'", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queries_may_carry_what_is_relevant_themselves_or_nothing()
    {
        var judged = store.Write("judged.jsonl", "{\"_id\": \"a\", \"text\": \"who won the super bowl\", \"relevant\": [\"1973_oil_crisis#0\"]}", "{\"_id\": \"b\", \"text\": \"where was the game played\", \"relevant\": {\"1973_oil_crisis#1\": 2, \"nowhere\": 0}}");
        var run = await Tune("--queries", judged, "--dry-run", "--json", "--out", store.At("few"), "--plans", FewPlans);
        Assert.Equal("Judged", run.Json.GetProperty("truth").GetProperty("kind").GetString());
        var plain = store.Write("plain.jsonl", "{\"_id\": \"a\", \"text\": \"who won the super bowl\"}", "{\"_id\": \"b\", \"text\": \"where was the game played\"}");
        Assert.Equal("overlap@10", (await Tune("--queries", plain, "--dry-run", "--json", "--out", store.At("few"), "--plans", FewPlans)).Json.GetProperty("metric").GetString());
    }

    [Theory]
    [InlineData("--keep", "110%")]
    [InlineData("--p95", "5 apples")]
    [InlineData("--rows", "many")]
    [InlineData("--memory", "big")]
    [InlineData("--metric", "bleu@10")]
    [InlineData("--qrels", "alone.tsv")]
    public async Task An_option_that_cannot_be_read_is_wrong_usage(string option, string value) => (await Tune(option, value)).Expect(2);

    [Fact]
    public async Task What_cannot_be_measured_fails_with_a_reason()
    {
        var unknown = store.Write("unknown.tsv", [.. File.ReadLines(store.Qrels).Skip(1).Select(line => line.Split('\t')[0] + "\tgone\t1")]);
        Assert.Contains("does not hold", (await Tune("--queries", store.Queries, "--qrels", unknown)).Expect(1).Error, StringComparison.Ordinal);
        var other = store.Write("other.tsv", "somebody\t1973_oil_crisis#0\t1");
        Assert.Contains("same ids", (await Tune("--queries", store.Queries, "--qrels", other)).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_models_are_compared_on_the_same_queries()
    {
        var models = (await CliRun.Of("compare", "-c", store.Path, "--model", "default", "--model", "default", "--queries", store.Queries, "--qrels", store.Qrels, "--json", "--out", store.At("compared"))).Expect(0).Json.GetProperty("models");
        Assert.Equal(2, models.GetArrayLength());
        var full = models[1].GetProperty("dimensions").EnumerateArray().Last(at => at.GetProperty("precision").GetString() == "F16");
        Assert.Equal(1, full.GetProperty("againstFirst").GetProperty("share").GetDouble());
        Assert.Contains("not shown to differ", File.ReadAllText(Path.Join(store.At("compared"), "report.html")), StringComparison.Ordinal);
        Assert.True(models[0].GetProperty("dimensions")[0].GetProperty("kept").GetProperty("share").GetDouble() < 0.9);
        (await CliRun.Of("compare", "-c", store.Path, "--model", "default", "--queries", store.Queries)).Expect(2);
    }

    [Fact]
    public async Task An_audit_says_what_smaller_vectors_would_save_and_change()
    {
        var vectors = store.At("v.1200x64.f32");
        // Later components ever smaller, as nested training leaves them.
        var random = new Random(1);
        File.WriteAllBytes(vectors, System.Runtime.InteropServices.MemoryMarshal.AsBytes(Enumerable.Range(0, 1200 * 64).Select(i => (float)((random.NextDouble() - 0.5) / (1 + i % 64))).ToArray().AsSpan()).ToArray());
        var json = (await CliRun.Of("audit", vectors, "--json")).Expect(0).Json;
        var rows = json.GetProperty("table").EnumerateArray().ToList();
        Assert.Equal(1, rows.Single(row => row.GetProperty("dimensions").GetInt32() == 64 && row.GetProperty("precision").ToString() is "F32" or "3" or "32").GetProperty("overlap").GetDouble());
        var half = rows.First(row => row.GetProperty("dimensions").GetInt32() == 32);
        Assert.Equal(0.5, half.GetProperty("saved").GetDouble());
        var nesting = json.GetProperty("nesting");
        Assert.True(half.GetProperty("overlap").GetDouble() > nesting.GetProperty("randomOverlap").GetProperty("32").GetDouble() + 0.1);
        // The detector's verdict, word for word.
        var detected = (await CliRun.Of("detect", "--vectors", vectors)).Expect(0).Error;
        Assert.Contains("clearly better", detected, StringComparison.Ordinal);
        Assert.Contains(nesting.GetProperty("words").GetString()!, detected, StringComparison.Ordinal);
        Assert.Contains("too few", (await CliRun.Of("audit", store.Write("few.jsonl", "{\"vector\": [1, 2]}"))).Expect(1).Error, StringComparison.Ordinal);
    }

    private const string FewPlans = "bit:full x50 > f16:full; int8:64";

    private Task<CliRun> Tune(params string[] args) => CliRun.Of(["tune", "-c", store.Path, "--seconds", "0.6", .. args]);
}
