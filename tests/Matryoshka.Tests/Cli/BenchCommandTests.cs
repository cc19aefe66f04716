using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>A collection of 1,500 vectors and files of queries for it.</summary>
public sealed class BenchSample : IDisposable
{
    public const int Rows = 1500;
    public const int QueryCount = 24;

    private readonly TestFolder folder = new();

    public BenchSample()
    {
        using (var collection = Collection.Create(Path, TestVectors.Options()))
            collection.UpsertAsync(Enumerable.Range(0, Rows).Select(i => TestVectors.Record($"k{i}", i, metadata: new JsonObject { ["third"] = i % 3 == 0 }))).GetAwaiter().GetResult();
        Queries = At("q.f32");
        File.WriteAllBytes(Queries, MemoryMarshal.AsBytes(Enumerable.Range(0, QueryCount).SelectMany(i => TestVectors.Vector(-1 - i)).ToArray().AsSpan()).ToArray());
    }

    public string Path => folder.At("c.mrl");

    public string Queries { get; }

    public string At(string name) => folder.At(name);

    /// <summary>The hundred nearest rows of every query, by brute force over what is stored.</summary>
    public string TruthFile(string name, Func<int, int>? change = null)
    {
        using var collection = Collection.Open(Path);
        using var reader = collection.OpenReader();
        var rowOf = reader.GetIds().Select((id, row) => (id, row)).ToDictionary(pair => pair.id, pair => pair.row);
        var rows = Enumerable.Range(0, QueryCount).SelectMany(i => reader.Nearest(TestVectors.Vector(-1 - i), 100, SearchPlan.Exact()).Ids.Select(id => rowOf[id]));
        File.WriteAllBytes(At(name), MemoryMarshal.AsBytes(rows.Select(change ?? (row => row)).ToArray().AsSpan()).ToArray());
        return At(name);
    }

    public void Dispose() => folder.Dispose();
}

public sealed class BenchCommandTests(BenchSample sample, SampleStore texts) : IClassFixture<BenchSample>, IClassFixture<SampleStore>
{
    private const string Plans = "f16:full; int8:8 x20 > f16:full; bit:full x200 > int8:full x50 > f16:full";

    [Fact]
    public async Task Plans_are_measured_in_recall_speed_latency_and_bytes()
    {
        var json = (await Bench("--plans", Plans, "--seconds", "0.2", "--rounds", "2", "--threads", "2", "--json")).Expect(0).Json;
        Assert.Equal((BenchSample.Rows, 32, "f16", 10, 2, 2, BenchSample.QueryCount), (Int(json, "rows"), Int(json, "dimensions"), Text(json, "fullPrecision"), Int(json, "k"), Int(json, "threads"), Int(json, "rounds"), Int(json, "queries")));
        Assert.Equal("exact f16:full", Text(json, "truth"));
        Assert.True(json.GetProperty("complete").GetBoolean());
        Assert.True(Int(json, "planeBytes") > BenchSample.Rows * 64);
        Assert.True(json.GetProperty("residentBytes").GetInt64() > 1 << 20);
        Assert.True(json.GetProperty("peakResidentBytes").GetInt64() >= json.GetProperty("residentBytes").GetInt64());
        Assert.Equal(Environment.ProcessorCount, Int(json.GetProperty("machine"), "cores"));
        Assert.NotEmpty(Text(json.GetProperty("machine"), "processor"));
        Assert.Empty(json.GetProperty("failures").EnumerateArray());
        var plans = json.GetProperty("plans").EnumerateArray().ToList();
        Assert.Equal(Plans.Split("; "), plans.Select(plan => Text(plan, "plan")));
        Assert.Equal(1, Number(plans[0], "recall"));
        Assert.Equal(BenchSample.Rows * (32 * 2 + 4), Number(plans[0], "bytesRead"));
        Assert.InRange(Number(plans[1], "recall"), 0.05, 0.9);
        Assert.Equal(BenchSample.Rows * (8 + 8) + 20 * 68, Number(plans[1], "bytesRead"));
        Assert.True(Number(plans[2], "recall") > Number(plans[1], "recall"));
        foreach (var plan in plans)
        {
            var rounds = plan.GetProperty("roundRates").EnumerateArray().Select(rate => rate.GetDouble()).ToList();
            Assert.Equal(2, rounds.Count);
            Assert.Equal(rounds.Average(), Number(plan, "queriesPerSecond"), 1e-6);
            Assert.InRange(Number(plan, "p50Microseconds"), 0.1, Number(plan, "p95Microseconds"));
            Assert.InRange(Number(plan, "p95Microseconds"), 0.1, Number(plan, "p99Microseconds"));
            Assert.True(Int(plan, "samples") >= 4);
        }
        Assert.Contains(plans, plan => plan.GetProperty("onFront").GetBoolean());
    }

    [Fact]
    public async Task Without_plans_the_default_is_held_against_exact_search()
    {
        var run = (await Bench("--seconds", "0.2", "--rounds", "1", "--limit", "5")).Expect(0);
        Assert.Equal(2, run.Lines.Length);
        var cells = run.Lines.Select(line => line.Split('\t')).ToList();
        Assert.All(cells, row => Assert.Equal(7, row.Length));
        Assert.StartsWith("default: ", cells[0][0], StringComparison.Ordinal);
        Assert.Equal(("f16:full", "1.0000"), (cells[1][0], cells[1][1]));
        Assert.All(cells.SelectMany(row => row.Skip(1)), cell => Assert.True(double.Parse(cell, CultureInfo.InvariantCulture) > 0));
        Assert.Contains("Recall@10 is against exact f16:full", run.Error, StringComparison.Ordinal);
        Assert.Contains("planes mapped", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_gets_a_table_with_the_best_in_green()
    {
        var run = (await CliRun.OnTerminal("bench", "-c", sample.Path, "--queries", sample.Queries, "--plans", Plans, "--seconds", "0.2", "--rounds", "1", "-k", "5")).Expect(0);
        Assert.Contains("1,500 records x 32, 24 queries, 1 thread", run.Out, StringComparison.Ordinal);
        Assert.Contains("recall@5", run.Out, StringComparison.Ordinal);
        Assert.Contains("\u001b[32m1.0000", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truth_file_says_what_is_to_be_found()
    {
        var json = (await Bench("--plans", "f16:full", "--seconds", "0.2", "--rounds", "1", "--truth", sample.TruthFile("right.i32"), "--limit", "10", "--json")).Expect(0).Json;
        Assert.Equal(1, Number(json.GetProperty("plans")[0], "recall"));
        Assert.Contains("right.i32", Text(json, "truth"), StringComparison.Ordinal);
        var other = (await Bench("--plans", "f16:full", "--seconds", "0.2", "--rounds", "1", "--truth", sample.TruthFile("other.i32", row => BenchSample.Rows - 1 - row), "--json")).Expect(0).Json;
        Assert.InRange(Number(other.GetProperty("plans")[0], "recall"), 0, 0.1);
    }

    [Fact]
    public async Task A_filter_holds_for_truth_and_plans()
    {
        var json = (await Bench("--plans", "f16:full; int8:full x20 > f16:full", "--filter", "third = true", "--seconds", "0.2", "--rounds", "1", "--json")).Expect(0).Json;
        Assert.Equal("third = true", Text(json, "filter"));
        Assert.All(json.GetProperty("plans").EnumerateArray(), plan => Assert.InRange(Number(plan, "recall"), 0.95, 1));
    }

    [Fact]
    public async Task A_grid_shows_plans_that_no_other_beats()
    {
        var run = (await Bench("--grid", "--seconds", "0.6", "--rounds", "1")).Expect(0);
        var points = run.Lines.Select(line => line.Split('\t')).Select(cells => (Recall: double.Parse(cells[1], CultureInfo.InvariantCulture), Rate: double.Parse(cells[2], CultureInfo.InvariantCulture))).ToList();
        Assert.Equal(points.OrderByDescending(point => point.Rate), points);
        Assert.Equal(points.OrderBy(point => point.Recall), points);
        Assert.Contains("plans, recall over", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_are_embedded_by_the_collections_model()
    {
        var queries = texts.File("bench.jsonl", "{\"_id\":\"1\",\"text\":\"how are logs rotated\"}", "{\"text\":\"\uFFFD\"}", "{\"text\":\"moons of planets\"}");
        var run = (await CliRun.Of("bench", "-c", texts.Path, "--queries", queries, "--plans", "f16:full", "--seconds", "0.2", "--rounds", "1", "-k", "3", "--json")).Expect(0);
        Assert.Equal(2, Int(run.Json, "queries"));
        Assert.Contains("1 of 3 texts", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, Number(run.Json.GetProperty("plans")[0], "recall"));
    }

    [Fact]
    public async Task Vectors_in_json_lines_are_taken_as_they_are()
    {
        var path = sample.At("q.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 3).Select(i => $"{{\"vector\":[{string.Join(',', TestVectors.Vector(-1 - i).Select(x => x.ToString("R", CultureInfo.InvariantCulture)))}]}}"));
        var json = (await CliRun.Of("bench", "-c", sample.Path, "--queries", path, "--plans", "f16:full", "--seconds", "0.2", "--rounds", "1", "--json")).Expect(0).Json;
        Assert.Equal(3, Int(json, "queries"));
    }

    [Fact]
    public async Task A_plan_that_cannot_run_is_named_and_the_others_run()
    {
        var run = (await Bench("--plans", "f32:full; int8:8 x5 > f16:full; f16:9; f16:full", "--seconds", "0.2", "--rounds", "1", "--json")).Expect(0);
        Assert.Equal(["f32:full", "int8:8 x5 > f16:full", "f16:9"], run.Json.GetProperty("failures").EnumerateArray().Select(failure => Text(failure, "plan")));
        Assert.Single(run.Json.GetProperty("plans").EnumerateArray());
        Assert.Contains("left out 'f32:full'", run.Error, StringComparison.Ordinal);
        var none = (await Bench("--plans", "f32:full")).Expect(1);
        Assert.Contains("None of the plans", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interruption_shows_what_was_measured_until_then()
    {
        // One round of ten minutes: its first turn never ends by itself. A slow machine needs longer until the recall is known.
        CliRun run;
        var wait = TimeSpan.FromSeconds(0.5);
        do
        {
            wait *= 2;
            using var source = new CancellationTokenSource(wait);
            run = (await CliRun.Cancellable(source.Token, "bench", "-c", sample.Path, "--queries", sample.Queries, "--plans", Plans, "--seconds", "600", "--rounds", "1", "--json")).Expect(130);
        }
        while (run.Out.Length == 0 && wait < TimeSpan.FromMinutes(1));
        Assert.False(run.Json.GetProperty("complete").GetBoolean());
        var plan = run.Json.GetProperty("plans")[0];
        Assert.Equal((1, JsonValueKind.Null), (Number(plan, "recall"), plan.GetProperty("queriesPerSecond").ValueKind));
        Assert.Contains("interrupted; what was measured until then is shown", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_do_not_fit_are_refused()
    {
        Assert.Contains("no file", (await CliRun.Of("bench", "-c", sample.Path, "--queries", sample.At("none.f32"))).Expect(1).Error, StringComparison.Ordinal);
        File.WriteAllBytes(sample.At("q.2x16.f32"), new byte[128]);
        Assert.Contains("16 components, but the collection's have 32", (await CliRun.Of("bench", "-c", sample.Path, "--queries", sample.At("q.2x16.f32"))).Expect(1).Error, StringComparison.Ordinal);
        File.WriteAllBytes(sample.At("zero.f32"), new byte[128]);
        Assert.Contains("zero", (await CliRun.Of("bench", "-c", sample.Path, "--queries", sample.At("zero.f32"))).Expect(1).Error, StringComparison.Ordinal);
        File.WriteAllBytes(sample.At("short.i32"), new byte[400]);
        Assert.Contains("24 query rows", (await Bench("--truth", sample.At("short.i32"))).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("does not have", (await Bench("--truth", sample.TruthFile("far.i32", row => row + 5000))).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("nothing to find", (await Bench("--filter", "third = 7")).Expect(1).Error, StringComparison.Ordinal);
        using (Collection.Create(sample.At("empty.mrl"), TestVectors.Options())) { }
        Assert.Contains("no records", (await CliRun.Of("bench", "-c", sample.At("empty.mrl"), "--queries", sample.Queries)).Expect(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--queries FILE", "-k", "10")]
    [InlineData("not both", "--queries", "q.f32", "--plans", "f16:full", "--grid")]
    [InlineData("there is no ':'", "--queries", "q.f32", "--plans", "f16:full; int8")]
    [InlineData("names no plan", "--queries", "q.f32", "--plans", " ; ")]
    [InlineData("-k asks for 101", "--queries", "q.f32", "--truth", "t.i32", "-k", "101")]
    [InlineData("knows no filter", "--queries", "q.f32", "--truth", "t.i32", "--filter", "a = 1")]
    [InlineData("not a number that --rounds takes", "--queries", "q.f32", "--rounds", "0")]
    [InlineData("number of seconds that --seconds takes", "--queries", "q.f32", "--seconds", "-1")]
    [InlineData("--threads takes 1 to 1024", "--queries", "q.f32", "--threads", "5000")]
    public async Task Wrong_usage_ends_with_2(string expected, params string[] args)
    {
        var run = (await CliRun.Of(["bench", "-c", sample.Path, .. args])).Expect(2);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> Bench(params string[] args) => CliRun.Of(["bench", "-c", sample.Path, "--queries", sample.Queries, .. args]);

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
