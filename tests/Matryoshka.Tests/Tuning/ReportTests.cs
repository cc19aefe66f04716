using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Reporting;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed partial class ReportTests(TuneSample sample) : IClassFixture<TuneSample>
{
    [Fact]
    public void The_page_the_json_the_tables_and_the_pictures_say_the_same_and_need_nothing_else()
    {
        var queries = sample.Queries.Select(query => query with { Text = "<script>alert('" + query.Id + "')</script>" }).ToList();
        var report = Tuner.Run(sample.Collection, queries, sample.Judgements, TuneSample.Quick);
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
        Assert.Equal(1 + report.Plans.Count(result => result.Measured) * report.QueryIds.Count, File.ReadLines(Path.Join(folder, "queries.csv")).Count());

        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(Outside(), page);
        foreach (var name in new[] { "quality-memory", "quality-latency", "quality-dimension", "depth", "latency" })
        {
            Assert.Equal("svg", XDocument.Load(Path.Join(folder, name + ".svg")).Root!.Name.LocalName);
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(Path.Join(folder, name + ".png")).Take(4));
        }
    }

    // Anything loaded from elsewhere would leave the page empty offline.
    [GeneratedRegex("(src|href)=\"(?!#)|url\\((?!#)|@import")]
    private static partial Regex Outside();
}
