using System.Globalization;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class SearchCommandTests(SampleStore sample) : IClassFixture<SampleStore>
{
    [Fact]
    public async Task A_text_finds_the_passage_about_it()
    {
        var run = (await CliRun.Of("search", "how", "are", "log", "files", "rotated", "-c", sample.Path, "-k", "3")).Expect(0);
        Assert.Equal(3, run.Lines.Length);
        var cells = run.Lines[0].Split('\t');
        Assert.Equal(6, cells.Length);
        Assert.Equal("1", cells[0]);
        Assert.InRange(double.Parse(cells[1], CultureInfo.InvariantCulture), 0.2, 1);
        Assert.Equal("@512 f16", cells[2]);
        Assert.Equal("guide.md#0", cells[3]);
        Assert.Equal("guide.md:1", cells[4]);
        Assert.StartsWith("Log files are rotated", cells[5], StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Options_may_stand_before_the_command()
    {
        var run = (await CliRun.Of("-c", sample.Path, "--json", "search", "bread")).Expect(0);
        Assert.StartsWith("bread.md", run.Json.GetProperty("hits")[0].GetProperty("key").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_documented_fields()
    {
        var json = (await CliRun.Of("search", "moons of Jupiter", "-c", sample.Path, "--json", "-k", "2", "--plan", "int8:128 x5 > f16:full")).Expect(0).Json;
        Assert.Equal("moons of Jupiter", json.GetProperty("query").GetString());
        Assert.Equal("dense", json.GetProperty("mode").GetString());
        Assert.Equal("int8:128 x5 > f16:full", json.GetProperty("plan").GetString());
        Assert.Equal(SampleStore.Count, json.GetProperty("rows").GetInt64());
        Assert.Equal(2, json.GetProperty("hits").GetArrayLength());
        var hit = json.GetProperty("hits")[0];
        Assert.Equal(1, hit.GetProperty("rank").GetInt32());
        Assert.InRange(hit.GetProperty("score").GetDouble(), 0.1, 1);
        Assert.Equal(512, hit.GetProperty("scoreDimensions").GetInt32());
        Assert.Equal("f16", hit.GetProperty("scorePrecision").GetString());
        Assert.Equal("stars.md#1", hit.GetProperty("key").GetString());
        Assert.Equal("stars.md", hit.GetProperty("source").GetString());
        Assert.Equal(6, hit.GetProperty("position").GetProperty("line").GetInt32());
        Assert.Equal(2018, hit.GetProperty("metadata").GetProperty("year").GetInt32());
        Assert.Contains("Galileo", hit.GetProperty("text").GetString(), StringComparison.Ordinal);
        var stages = json.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("stage").GetString()).ToArray();
        Assert.Contains("int8:128 x5", stages);
        foreach (var stage in json.GetProperty("stages").EnumerateArray())
            Assert.True(stage.GetProperty("in").GetInt64() >= 0 && stage.GetProperty("out").GetInt64() >= 0 && stage.GetProperty("bytesRead").GetInt64() >= 0 && stage.GetProperty("microseconds").GetInt64() >= 0);
    }

    [Theory]
    [InlineData("--dims", "64", "@64 f16")]
    [InlineData("--precision", "int8", "@512 int8")]
    [InlineData("--plan", "bit:128", "@128 bit")]
    [InlineData("--keyword", null, "bm25")]
    [InlineData("--hybrid", null, "fused")]
    public async Task Every_way_to_score_says_what_its_score_is(string option, string? value, string tag)
    {
        string[] args = ["search", "sourdough", "starter", "-c", sample.Path, option, .. value is null ? Array.Empty<string>() : [value]];
        var run = (await CliRun.Of(args)).Expect(0);
        Assert.Equal(tag, run.Lines[0].Split('\t')[2]);
        Assert.Contains(run.Lines, line => line.Split('\t')[3] == "bread.md#1");
    }

    [Fact]
    public async Task Fusion_takes_a_method_and_a_weight_and_says_what_it_does_not_take()
    {
        async Task<double> Best(params string[] options)
        {
            var run = (await CliRun.Of(["search", "sourdough", "starter", "-c", sample.Path, "--hybrid", .. options])).Expect(0);
            return double.Parse(run.Lines[0].Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        Assert.Equal(2.5, await Best(), 1e-6);
        Assert.Equal(4, await Best("--keyword-weight", "3"), 1e-6);
        Assert.Equal(2.0 / 61, await Best("--fusion", "ranks"), 1e-6);
        Assert.Contains("scores and ranks are", (await CliRun.Of("search", "bread", "-c", sample.Path, "--hybrid", "--fusion", "votes")).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("go with --hybrid", (await CliRun.Of("search", "bread", "-c", sample.Path, "--keyword-weight", "2")).Expect(2).Error, StringComparison.Ordinal);
        (await CliRun.Of("search", "bread", "-c", sample.Path, "--hybrid", "--keyword-weight", "-1")).Expect(2);
    }

    [Fact]
    public async Task A_filter_leaves_only_records_that_match()
    {
        var run = (await CliRun.Of("search", "bread", "-c", sample.Path, "--filter", "year >= 2022")).Expect(0);
        Assert.Equal(["guide.md#1", "stars.md#0"], run.Lines.Select(line => line.Split('\t')[3]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Explain_adds_a_line_a_stage()
    {
        var run = (await CliRun.Of("search", "bread", "-c", sample.Path, "--explain", "-k", "1")).Expect(0);
        var stages = run.Lines.Where(line => line.StartsWith("stage\t", StringComparison.Ordinal)).Select(line => line.Split('\t')).ToArray();
        Assert.Contains(stages, s => s[1] == "embed");
        Assert.Contains(stages, s => s[1] == "int8:full bound" && s[2] == SampleStore.Count.ToString(CultureInfo.InvariantCulture));
        Assert.All(stages, s => Assert.Equal(7, s.Length));
    }

    [Fact]
    public async Task Full_text_is_whole_and_a_snippet_is_not()
    {
        var text = string.Join(' ', Enumerable.Repeat("filler", 100)) + " quokka " + string.Join(' ', Enumerable.Repeat("filler", 100));
        var folder = sample.At("long.mrl");
        using (var collection = Collection.Create(folder, new CollectionOptions { Generator = StaticEmbeddingGenerator.Default() }))
            await collection.UpsertAsync(new Record { Key = "long", Text = text });
        var whole = (await CliRun.Of("search", "quokka", "-c", folder, "--full-text")).Expect(0).Lines[0].Split('\t')[5];
        var snippet = (await CliRun.Of("search", "quokka", "-c", folder)).Expect(0).Lines[0].Split('\t')[5];
        Assert.Equal(text, whole);
        Assert.InRange(snippet.Length, 50, 210);
        Assert.Contains("quokka", snippet, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Piped_output_has_no_escapes_even_where_texts_have()
    {
        var run = (await CliRun.Of("search", "escape", "red", "-c", sample.Path, "--keyword", "--explain", "--full-text")).Expect(0);
        Assert.Contains("odd key", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Out);
    }

    [Fact]
    public async Task A_terminal_gets_colours_and_marked_words_but_no_escape_of_a_text()
    {
        var run = (await CliRun.OnTerminal("search", "escape", "red", "-c", sample.Path, "--keyword", "--explain")).Expect(0);
        Assert.Contains("\u001b[1;33mescape\u001b[0m", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[31m", run.Out, StringComparison.Ordinal);
        Assert.Contains("╭", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queries_of_a_file_become_a_run_file()
    {
        var queries = sample.File("queries.jsonl", """{"_id": "q1", "text": "baking bread"}""", """{"id": 2, "query": "faint stars"}""");
        var target = sample.At("out.trec");
        var run = (await CliRun.Of("search", "--queries", queries, "--run", target, "-k", "7", "--tag", "test", "-c", sample.Path, "--json")).Expect(0);
        Assert.Equal(2, run.Json.GetProperty("queries").GetInt32());
        Assert.Equal(14, run.Json.GetProperty("lines").GetInt32());
        Assert.Equal(target, run.Json.GetProperty("run").GetString());
        Assert.True(run.Json.GetProperty("seconds").GetDouble() > 0);
        var lines = File.ReadAllLines(target).Select(line => line.Split(' ')).ToArray();
        Assert.Equal(14, lines.Length);
        Assert.All(lines, line => Assert.True(line is [_, "Q0", _, _, _, "test"]));
        Assert.Equal(Enumerable.Range(1, 7).Select(i => i.ToString(CultureInfo.InvariantCulture)), lines.Take(7).Select(line => line[3]));
        Assert.StartsWith("bread.md", lines[0][2], StringComparison.Ordinal);
        Assert.Equal(("2", "stars.md#0"), (lines[7][0], lines[7][2]));
        var scores = lines.Take(7).Select(line => double.Parse(line[4], CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.Contains(lines, line => line[2] == "odd%20key");
        Assert.Contains("white space", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(Path.GetDirectoryName(target)!), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tab_separated_queries_are_read()
    {
        var target = sample.At("tab.trec");
        (await CliRun.Of("search", "--queries", sample.File("queries.tsv", "a\tbread", "b\tstars"), "--run", target, "-k", "1", "-c", sample.Path)).Expect(0);
        Assert.Equal(["a", "b"], File.ReadAllLines(target).Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("""{"_id": "a b", "text": "x"}""", "white space")]
    [InlineData("""{"text": "x"}""", "not a query")]
    [InlineData("""{"_id": "a", "text": " "}""", "no text")]
    [InlineData("""{"_id": "a", "text": """, "not valid JSON")]
    [InlineData("no tab here", "no tab")]
    [InlineData("a\tx\na\ty", "twice")]
    public async Task A_malformed_query_file_names_the_line_and_leaves_no_run(string content, string expected)
    {
        var target = sample.At("never.trec");
        var run = (await CliRun.Of("search", "--queries", sample.File("bad-queries", content), "--run", target, "-c", sample.Path)).Expect(1);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains("Line ", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task A_run_that_fails_leaves_no_temporary_file()
    {
        var folder = Directory.CreateDirectory(sample.At("runs")).FullName;
        var run = (await CliRun.Of("search", "--queries", sample.File("q.tsv", "a\tbread"), "--run", Path.Join(folder, "x.trec"), "-k", "20000", "-c", sample.Path)).Expect(1);
        Assert.Contains("10000", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder));
    }
}
