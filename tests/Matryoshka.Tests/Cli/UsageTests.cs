using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class UsageTests(SampleStore sample) : IClassFixture<SampleStore>
{
    public static TheoryData<string> Commands => ["search", "similar", "get", "import", "embed", "delete", "info", "verify", "compact", "bench", "models", "pull", "rerank"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_explains_itself_with_examples(string command)
    {
        var run = (await CliRun.Of(command, "--help")).Expect(0);
        Assert.Contains("--collection", run.Out, StringComparison.Ordinal);
        var examples = run.Lines.SkipWhile(line => line != "Examples:").Skip(1).ToArray();
        Assert.InRange(examples.Length, 2, 4);
        Assert.All(examples, example => Assert.Contains($"mrl {command}", example, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_names_every_command_and_is_what_no_arguments_get()
    {
        var help = (await CliRun.Of("--help")).Expect(0);
        Assert.All(Commands, row => Assert.Contains($"  {row.Data} ", help.Out, StringComparison.Ordinal));
        Assert.Equal(help.Out, (await CliRun.Of()).Expect(0).Out);
    }

    [Theory]
    [InlineData("--limit", "search", "x", "--limit", "5")]
    [InlineData("--vectors", "get", "key", "--vectors")]
    [InlineData("-x", "delete", "a", "-x")]
    [InlineData("'frobnicate' is not a command.", "frobnicate")]
    [InlineData("Did you mean 'search'?", "serch", "x")]
    [InlineData("Did you mean 'search'?", "saerch", "x")]
    [InlineData("Did you mean 'info'?", "infos")]
    [InlineData("path of a folder", "info", "-c", "")]
    [InlineData("KEY", "get")]
    [InlineData("FILE", "import")]
    [InlineData("nothing to search for", "search")]
    [InlineData("not both", "embed", "--file", "a", "b")]
    [InlineData("not a number that -k takes", "search", "x", "-k", "zero")]
    [InlineData("not a number that -k takes", "search", "x", "-k", "0")]
    [InlineData("not a number that --dims takes", "search", "x", "--dims", "-3")]
    [InlineData("'f8' is not a precision", "search", "x", "--precision", "f8")]
    [InlineData("exclude each other", "search", "x", "--hybrid", "--keyword")]
    [InlineData("there is no ':'", "search", "x", "--plan", "int8")]
    [InlineData("does not say how many", "search", "x", "--plan", "int8:64 > f16:full")]
    [InlineData("Filter, position", "search", "x", "--filter", "year >")]
    [InlineData("--run OUT", "search", "--queries", "q.tsv")]
    [InlineData("--queries FILE", "search", "x", "--run", "out")]
    [InlineData("not both", "search", "x", "--queries", "q", "--run", "r")]
    [InlineData("in one way", "delete")]
    [InlineData("in one way", "delete", "key", "--source", "s")]
    [InlineData("is not a role", "embed", "x", "--role", "reader")]
    [InlineData(".npy, .f32 or .jsonl", "embed", "x", "-o", "out.csv")]
    [InlineData("neither a folder nor a model", "embed", "x", "--model", "no-such-model")]
    [InlineData("40 dimensions were asked for, but the model allows 32, 64", "embed", "x", "--dims", "40")]
    public async Task Wrong_usage_ends_with_2_and_says_what_is_wrong(string expected, params string[] args)
    {
        var run = (await CliRun.Of(args)).Expect(2);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task A_dimension_that_the_model_was_not_trained_at_is_wrong_usage()
    {
        var run = (await CliRun.Of("search", "x", "--dims", "100", "-c", sample.Path)).Expect(2);
        Assert.Contains("100 dimensions were asked for, but the model allows 32, 64, 128, 256, 512", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("search", "x")]
    [InlineData("search", "x", "--keyword")]
    [InlineData("similar", "x")]
    [InlineData("get", "x")]
    [InlineData("delete", "x")]
    [InlineData("info")]
    [InlineData("verify")]
    [InlineData("compact")]
    public async Task A_missing_collection_is_named(params string[] args)
    {
        var run = (await CliRun.Of([.. args, "-c", sample.At("nowhere.mrl")])).Expect(1);
        Assert.Contains("nowhere.mrl", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(sample.At("nowhere.mrl")));
    }

    [Fact]
    public async Task A_text_may_begin_with_a_dash_after_two()
    {
        var run = (await CliRun.Of("search", "-c", sample.Path, "-k", "1", "--", "--bread", "-x")).Expect(0);
        Assert.Single(run.Lines);
    }

    [Fact]
    public async Task A_text_may_begin_with_an_at_sign_or_hold_a_negative_number()
    {
        (await CliRun.Of("search", "@bread", "-5", "-c", sample.Path, "-k", "1")).Expect(0);
    }

    [Fact]
    public async Task A_cancelled_command_ends_with_130_and_says_what_is_kept()
    {
        var run = (await CliRun.Cancellable(new CancellationToken(canceled: true), "search", "bread", "-c", sample.Path)).Expect(130);
        Assert.Contains("interrupted; nothing was changed", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quiet_leaves_results_and_errors()
    {
        Assert.Empty((await CliRun.Of("verify", "-q", "-c", sample.Path)).Expect(0).Error);
        Assert.NotEmpty((await CliRun.Of("search", "bread", "-q", "-c", sample.Path)).Expect(0).Out);
        Assert.NotEmpty((await CliRun.Of("info", "-q", "-c", sample.At("none"))).Expect(1).Error);
    }
}
