using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Reporting;
using Xunit;

namespace Matryoshka.Tests.Tuning;

[Collection(Tuned.Name)]
public sealed partial class ReportTests(TuneSample sample)
{
    [Fact]
    public void The_page_the_json_the_tables_and_the_pictures_say_the_same_and_need_nothing_else()
    {
        var report = sample.Report;
        var folder = sample.At("report");
        var page = File.ReadAllText(ReportFiles.Write(report, folder)).Replace('\u00a0', ' ');

        using var json = JsonDocument.Parse(File.ReadAllText(Path.Join(folder, "report.json")));
        var plan = json.RootElement.GetProperty("recommendation").GetProperty("plan");
        Assert.Equal(report.Recommendation.Plan!.Name, plan.GetProperty("plan").GetString());
        var kept = plan.GetProperty("kept").GetProperty("share").GetDouble();
        Assert.Equal(report.Recommendation.Plan.Kept.Share, kept);
        Assert.Contains(Words.Percent(kept), page, StringComparison.Ordinal);
        Assert.Contains(Words.Microseconds(plan.GetProperty("latency").GetProperty("p95").GetDouble()), page, StringComparison.Ordinal);

        var lines = File.ReadAllLines(Path.Join(folder, "plans.csv"));
        Assert.Equal(report.Plans.Count + 1, lines.Length);
        var columns = lines[0].Split(',');
        var row = lines.Single(line => line.Split(',')[1] == "true").Split(',');
        Assert.Equal(kept, double.Parse(row[Array.IndexOf(columns, "share_kept")], CultureInfo.InvariantCulture));
        Assert.Equal(report.Recommendation.Plan.Projection!.BuildSeconds, double.Parse(row[Array.IndexOf(columns, "projected_build_seconds")], CultureInfo.InvariantCulture));
        Assert.Contains(Words.Seconds(plan.GetProperty("projection").GetProperty("buildSeconds").GetDouble()), page, StringComparison.Ordinal);
        Assert.Equal(1 + report.Plans.Count(result => result.Measured) * report.QueryIds.Count, File.ReadLines(Path.Join(folder, "queries.csv")).Count());

        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(Outside(), page);
        foreach (var name in new[] { "quality-memory", "quality-latency", "quality-dimension", "depth", "latency" })
        {
            Assert.Equal("svg", XDocument.Load(Path.Join(folder, name + ".svg")).Root!.Name.LocalName);
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(Path.Join(folder, name + ".png")).Take(4));
        }
    }

    [Fact]
    public void A_comparison_says_the_same_on_its_page_in_json_and_in_csv_and_draws_every_model()
    {
        List<TuneQuery> blurred = [.. sample.Queries.Select((query, i) => query with { Vector = i % 2 == 0 ? query.Vector : sample.Queries[(i + 7) % sample.Queries.Count].Vector })];
        var report = ModelComparison.Run([new("sharp", sample.Collection, sample.Queries), new("blurred <i>", sample.Collection, blurred)], sample.Judgements);
        Assert.Equal([4 * 3, 4 * 3], report.Models.Select(model => model.Dimensions.Count));
        var full = report.Models[1].Full;
        Assert.True(full.Low < full.Quality["ndcg@10"] && full.Quality["ndcg@10"] < full.High);
        var pair = Assert.Single(report.Pairs);
        Assert.Equal(full.AgainstFirst, pair.Kept);
        Assert.True(pair is { Kept.Share: < 0.6, Adjusted: < 0.001 });
        Assert.Contains("worse", Assert.Single(ComparisonPage.Sentences(report)), StringComparison.Ordinal);

        var folder = sample.At("compared");
        var page = File.ReadAllText(ReportFiles.Write(report, folder)).Replace('\u00a0', ' ');
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Join(folder, "report.json")));
        var share = json.RootElement.GetProperty("pairs")[0].GetProperty("kept").GetProperty("share").GetDouble();
        Assert.Equal(pair.Kept.Share, share);
        Assert.Contains(Words.Percent(share), page, StringComparison.Ordinal);
        Assert.Contains("blurred &lt;i&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("blurred <i>", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(Outside(), page);
        var lines = File.ReadAllLines(Path.Join(folder, "models.csv")).Select(line => line.Split(',')).ToList();
        Assert.Equal(1 + 24, lines.Count);
        Assert.Contains(lines, cells => cells[0] == "blurred <i>" && cells[1] == "64" && cells[2] == "f16" && double.Parse(cells[Array.IndexOf(lines[0], "share_of_first")], CultureInfo.InvariantCulture) == share);
        foreach (var name in new[] { "quality-dimension", "quality-bytes" })
        {
            Assert.Contains("blurred", XDocument.Load(Path.Join(folder, name + ".svg")).Root!.Value, StringComparison.Ordinal);
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(Path.Join(folder, name + ".png")).Take(4));
        }
        Assert.Throws<MatryoshkaException>(() => ModelComparison.Run([new("a", sample.Collection, sample.Queries), new("b", sample.Collection, [.. sample.Queries.Skip(1)])], sample.Judgements));
    }

    // Anything loaded from elsewhere would leave the page empty offline.
    [GeneratedRegex("(src|href)=\"(?!#)|url\\((?!#)|@import")]
    private static partial Regex Outside();
}
