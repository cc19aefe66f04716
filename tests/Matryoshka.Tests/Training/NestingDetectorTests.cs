using Matryoshka.Tests.Cli;
using Matryoshka.Tests.Collections;
using Matryoshka.Training;
using Matryoshka.Training.Pairs;
using Xunit;

namespace Matryoshka.Tests.Training;

public class NestingDetectorTests
{
    private const int Full = 64;

    [Fact]
    public void Ordered_components_are_found_and_may_be_cut()
    {
        var report = NestingDetector.Detect(Rows(400, k => Math.Pow(0.8, k)), Full, new() { Queries = 200 });
        Assert.Equal((NestingVerdict.Nested, NestingAdvice.Truncate), (report.Verdict, report.Advice));
        Assert.InRange(report.Trustworthy!.Value, 16, 32);
        Assert.Equal([16, 32, 64], report.Points.Select(point => point.Dimensions));
        Assert.All(report.Points.SkipLast(1), point => Assert.True(point.Prefix.Mean > point.Random.Mean && point.Random.Mean > point.Suffix.Mean, point.ToString()));
        Assert.Equal(1, report.Points[^1].Prefix.Mean, 1e-12);
        Assert.Equal(1, report.Points[^1].Random.Mean, 1e-12);
        Assert.Equal(1, report.Points[^1].OfFull.Mean, 1e-12);
    }

    [Fact]
    public void Components_in_the_wrong_order_are_worse_than_random_and_call_for_an_adapter()
    {
        var report = NestingDetector.Detect(Rows(400, k => Math.Pow(0.8, Full - 1 - k)), Full, new() { Queries = 200 });
        Assert.Equal((NestingVerdict.Worse, NestingAdvice.Adapt), (report.Verdict, report.Advice));
        Assert.Null(report.Trustworthy);
    }

    [Fact]
    public void Components_that_are_all_alike_show_nothing_and_are_left()
    {
        var report = NestingDetector.Detect(Rows(400, _ => 1), Full, new() { Queries = 200, Dimensions = [4, 8] });
        Assert.Equal((NestingVerdict.NotShown, NestingAdvice.Leave), (report.Verdict, report.Advice));
        Assert.Null(report.Trustworthy);
    }

    [Fact]
    public void Judged_pairs_decide_where_there_are_any()
    {
        var rows = Rows(200, k => k < 16 ? 1 : 0.3);
        // An answer is its question with other noise, stronger in the later components.
        var answers = (float[])rows.Clone();
        var draw = new Draw(3, 3);
        for (var i = 0; i < answers.Length; i++)
            answers[i] += (float)(draw.Normal() * (i % Full < 16 ? 0.05 : 0.4));
        var report = NestingDetector.Detect((float[])[.. rows, .. answers], Full, new() { Pairs = [.. Enumerable.Range(0, 200).Select(i => (i, i + 200))], Dimensions = [8, 16] });
        Assert.True(report.Judged);
        Assert.Equal((NestingVerdict.Nested, NestingAdvice.Truncate), (report.Verdict, report.Advice));
        Assert.InRange(report.Trustworthy!.Value, 8, 16);
    }

    [Fact]
    public void Too_few_rows_and_unknown_ones_are_refused()
    {
        Assert.Contains("64 whole rows are the least", Assert.Throws<TrainingException>(() => NestingDetector.Detect(Rows(10, _ => 1), Full)).Message, StringComparison.Ordinal);
        Assert.Contains("names the rows 1 and 900", Assert.Throws<TrainingException>(() => NestingDetector.Detect(Rows(100, _ => 1), Full, new() { Pairs = [(1, 900)] })).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidFormatException>(() => NestingDetector.Detect(Rows(100, _ => 1), Full, new() { Dimensions = [32, 16] }));
    }

    [Fact]
    public async Task The_command_draws_the_curves_and_says_what_to_do()
    {
        using var folder = new TestFolder();
        var path = folder.At("rows.200x64.f32");
        File.WriteAllBytes(path, System.Runtime.InteropServices.MemoryMarshal.AsBytes(Rows(200, k => Math.Pow(0.8, k)).AsSpan()).ToArray());
        var run = (await CliRun.Of("detect", "--vectors", path)).Expect(0);
        Assert.Equal(4, run.Lines.Length);
        Assert.StartsWith("curve\t16\t", run.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("verdict\tnested\t", run.Lines[3], StringComparison.Ordinal);
        Assert.Contains("Truncate to", run.Error, StringComparison.Ordinal);
        var json = (await CliRun.Of("detect", "--vectors", path, "--json")).Expect(0).Json;
        Assert.Equal("truncate", json.GetProperty("advice").GetString());
        Assert.Equal(3, json.GetProperty("points").GetArrayLength());
    }

    private static float[] Rows(int count, Func<int, double> size)
    {
        var rows = new float[count * Full];
        var draw = new Draw(6, count);
        for (var i = 0; i < rows.Length; i++)
            rows[i] = (float)(draw.Normal() * size(i % Full));
        return rows;
    }
}
