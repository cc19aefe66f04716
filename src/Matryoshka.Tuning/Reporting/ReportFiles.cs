using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Tuning;

/// <summary>Writes a report as files: <c>report.html</c>, <c>report.json</c>, <c>plans.csv</c>, <c>queries.csv</c>, and every picture as SVG and PNG.</summary>
public static class ReportFiles
{
    /// <summary>Writes all files into a folder, which is made if it is missing; files of those names are replaced.</summary>
    /// <returns>The path of the page.</returns>
    /// <exception cref="MatryoshkaException">The folder cannot be written.</exception>
    public static string Write(TuneReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Write(folder, Reporting.Pictures.Of(report), pictures => Reporting.ReportPage.Of(report, pictures),
            [("report.json", ToJson(report) + "\n"), ("plans.csv", PlansCsv(report)), ("queries.csv", QueriesCsv(report))]);
    }

    /// <summary>Writes a comparison of models: <c>report.html</c>, <c>report.json</c>, <c>models.csv</c>, and every picture as SVG and PNG.</summary>
    /// <returns>The path of the page.</returns>
    /// <exception cref="MatryoshkaException">The folder cannot be written.</exception>
    public static string Write(ComparisonReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Write(folder, Reporting.ComparisonPictures.Of(report), pictures => Reporting.ComparisonPage.Of(report, pictures),
            [("report.json", ToJson(report) + "\n"), ("models.csv", ModelsCsv(report))]);
    }

    /// <summary>A comparison as JSON.</summary>
    public static string ToJson(ComparisonReport report) => JsonSerializer.Serialize(report, ReportContext.Readable.ComparisonReport);

    /// <summary>A line a model, dimension and precision.</summary>
    public static string ModelsCsv(ComparisonReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var csv = new Reporting.Csv(["model", "dimensions", "precision", "bytes", .. report.Metrics, "low", "high", "share_of_own_full", "share_of_first", "share_low", "share_high", "p_value", "p50_us"]);
        foreach (var model in report.Models)
            foreach (var at in model.Dimensions)
                csv.Add([model.Model, at.Dimensions, at.Precision.ToString().ToLowerInvariant(), at.Bytes, .. report.Metrics.Select(metric => (object?)at.Quality[metric]), at.Low, at.High,
                    at.Kept.Share, at.AgainstFirst.Share, at.AgainstFirst.Low, at.AgainstFirst.High, at.AgainstFirst.PValue, at.Microseconds]);
        return csv.ToString();
    }

    // The page comes last: where it is, the others are.
    private static string Write(string folder, IReadOnlyList<Reporting.Picture> pictures, Func<IReadOnlyList<Reporting.Picture>, string> page, (string Name, string Text)[] files)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var picture in pictures)
            {
                File.WriteAllText(Path.Join(folder, picture.Name + ".svg"), picture.Svg());
                File.WriteAllBytes(Path.Join(folder, picture.Name + ".png"), picture.Png());
            }
            foreach (var (name, text) in files)
                File.WriteAllText(Path.Join(folder, name), text);
            var path = Path.Join(folder, "report.html");
            File.WriteAllText(path, page(pictures));
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MatryoshkaException($"The report cannot be written to '{folder}': {error.Message}", error);
        }
    }

    /// <summary>The report as JSON, without the values of each query, which are in the CSV.</summary>
    public static string ToJson(TuneReport report) => JsonSerializer.Serialize(report, ReportContext.Readable.TuneReport);

    /// <summary>A line a plan: what it keeps and costs.</summary>
    public static string PlansCsv(TuneReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var csv = new Reporting.Csv(["plan", "recommended", "measured", "on_front", "dominated_by", "queries", .. report.Metrics, "share_kept", "low", "high", "promise", "p_value",
            "p50_us", "p95_us", "p99_us", "queries_per_second", "bytes_read", "resident_bytes_per_vector", "disk_bytes_per_vector",
            "projected_rows", "projected_resident_bytes", "projected_disk_bytes", "projected_p95_us", "projected_monthly", "projected_build_seconds"]);
        foreach (var plan in report.Plans)
            csv.Add([plan.Name, plan.Plan.Equals(report.Recommendation.Plan?.Plan), plan.Measured, plan.OnFront, plan.DominatedBy, plan.Queries,
                .. report.Metrics.Select(metric => (object?)plan.Quality[metric]), plan.Kept.Share, plan.Kept.Low, plan.Kept.High, plan.Kept.Promise, plan.Kept.PValue,
                plan.Latency?.P50, plan.Latency?.P95, plan.Latency?.P99, plan.Latency?.QueriesPerSecond, plan.BytesRead, plan.ResidentBytes, plan.DiskBytes,
                plan.Projection?.Rows, plan.Projection?.ResidentBytes, plan.Projection?.DiskBytes, plan.Projection?.P95Microseconds, plan.Projection?.Monthly, plan.Projection?.BuildSeconds]);
        return csv.ToString();
    }

    /// <summary>A line a query and measured plan.</summary>
    public static string QueriesCsv(TuneReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var csv = new Reporting.Csv(["query", "plan", .. report.Metrics]);
        foreach (var plan in report.Plans)
            if (plan.PerQuery is { } values)
                for (var q = 0; q < plan.Queries; q++)
                    csv.Add([report.QueryIds[q], plan.Name, .. report.Metrics.Select(metric => (object?)(float)values[metric][q])]);
        return csv.ToString();
    }
}

/// <summary>A plan as its text form.</summary>
internal sealed class PlanConverter : JsonConverter<SearchPlan>
{
    public override SearchPlan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => SearchPlan.Parse(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, SearchPlan value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>A measure as its name.</summary>
internal sealed class MetricConverter : JsonConverter<Metric>
{
    public override Metric Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Metric.Parse(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, Metric value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(TuneReport))]
[JsonSerializable(typeof(ComparisonReport))]
internal sealed partial class ReportContext : JsonSerializerContext
{
    public static readonly ReportContext Readable = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DictionaryKeyPolicy = null,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new PlanConverter(), new MetricConverter() },
    });
}
