using Matryoshka.Tests.Collections;
using Matryoshka.Tests.Training;
using Xunit;

namespace Matryoshka.Tests.Cli;

public class TrainCommandTests
{
    [Fact]
    public async Task A_model_is_trained_measured_and_used()
    {
        using var folder = new TestFolder();
        SmallPairs.Write(folder.At("pairs.jsonl"));
        Directory.CreateDirectory(folder.At("judged"));
        var pairs = SmallPairs.All().ToList();
        File.WriteAllLines(folder.At("judged/corpus.jsonl"), pairs.Select((pair, i) => $$"""{"_id": "d{{i}}", "title": "", "text": "{{pair.B}}"}"""));
        File.WriteAllLines(folder.At("judged/queries.jsonl"), pairs.Select((pair, i) => $$"""{"_id": "q{{i}}", "text": "{{pair.A}}"}"""));
        File.WriteAllLines(folder.At("judged/qrels.test.tsv"), pairs.Select((_, i) => $"q{i}\td{i}\t1").Prepend("query-id\tcorpus-id\tscore"));
        string[] train = ["train", "static", "--pairs", folder.At("pairs.jsonl"), "--out", folder.At("model"), "--dims", "8,16", "--steps", "40", "--batch", "32", "--eval", folder.At("judged")];
        var json = (await CliRun.Of([.. train, "--json"])).Expect(0).Json;
        Assert.Equal(("model", 40), (json.GetProperty("model").GetString(), json.GetProperty("steps").GetInt32()));
        var judged = json.GetProperty("collections")[0];
        Assert.Equal((128, 128), (judged.GetProperty("queries").GetInt32(), judged.GetProperty("documents").GetInt32()));
        Assert.InRange(judged.GetProperty("prefixes")[1].GetProperty("ndcg").GetDouble(), 0.3, 1);
        var lines = (await CliRun.Of(train)).Expect(0).Lines;
        Assert.Contains(lines, line => line.StartsWith("quality\tmean\tnDCG@10\t", StringComparison.Ordinal));
        var vector = (await CliRun.Of("embed", "a river", "--model", folder.At("model/int8"), "--dims", "8", "--json")).Expect(0).Json;
        Assert.Equal(8, vector.GetProperty("vectors")[0].GetProperty("vector").GetArrayLength());
    }

    [Fact]
    public async Task A_bad_line_is_named_or_passed_over_with_a_warning()
    {
        using var folder = new TestFolder();
        SmallPairs.Write(folder.At("pairs.jsonl"), "{\"a\": \"x\"}");
        string[] train = ["train", "static", "--pairs", folder.At("pairs.jsonl"), "--out", folder.At("model"), "--dims", "8", "--steps", "2", "--batch", "16"];
        Assert.Contains("Line 129 of", (await CliRun.Of(train)).Expect(1).Error, StringComparison.Ordinal);
        var run = (await CliRun.Of([.. train, "--skip-bad", "-q"])).Expect(0);
        Assert.Contains("line 129 of", run.Error, StringComparison.Ordinal);
        Assert.Contains("1 line held no usable pair", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "give --pairs", "train", "static", "--out", "x")]
    [InlineData(2, "not a list that --dims takes", "train", "static", "--pairs", "p", "--out", "x", "--dims", "8,b")]
    [InlineData(2, "not an optimiser", "train", "static", "--pairs", "p", "--out", "x", "--optimiser", "sgd")]
    [InlineData(2, "root and mean are", "train", "static", "--pairs", "p", "--out", "x", "--pooling", "max")]
    [InlineData(2, "is not a number that --rate takes", "train", "static", "--pairs", "p", "--out", "x", "--rate", "fast")]
    [InlineData(2, "--out FILE", "train", "adapter")]
    [InlineData(2, "--to DIR", "adapt", "--adapter", "SHOULD-EXIST")]
    public async Task Wrong_usage_is_said(int code, string part, params string[] args)
    {
        using var folder = new TestFolder();
        if (args[^1] == "SHOULD-EXIST")
        {
            args[^1] = folder.At("a.safetensors");
            using var file = File.Create(args[^1]);
            new VectorAdapter(2, NestedDimensions.Trained(1), [1, 0]).Save(file);
        }
        Assert.Contains(part, (await CliRun.Of(args)).Expect(code).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_training_says_how_to_go_on()
    {
        using var folder = new TestFolder();
        SmallPairs.Write(folder.At("pairs.jsonl"));
        using var stop = new CancellationTokenSource();
        var running = Task.Run(() => CliRun.Cancellable(stop.Token, "train", "static", "--pairs", folder.At("pairs.jsonl"), "--out", folder.At("model"), "--dims", "8", "--steps", "1000000", "--batch", "32"));
        for (var waited = 0; !Directory.Exists(folder.At("model")) && waited < 200; waited++)
            await Task.Delay(50);
        await Task.Delay(2000);
        await stop.CancelAsync();
        var run = (await running).Expect(130);
        Assert.Contains("--resume", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.At("model/checkpoint.safetensors")));
    }
}
