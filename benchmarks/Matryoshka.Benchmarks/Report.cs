using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Benchmarks;

/// <summary>What a benchmark found: rows of named numbers under a case's name, and the machine they hold for.</summary>
internal sealed record Report(string Benchmark, string Description, Machine Machine, List<Measurement> Measurements)
{
    public static Report Start(string benchmark, string description) => new(benchmark, description, Machine.Current, []);

    public void Add(string name, params ReadOnlySpan<(string Column, double Value)> values)
    {
        var columns = new Dictionary<string, double>();
        foreach (var (column, value) in values)
            columns[column] = value;
        Measurements.Add(new(name, columns));
    }

    /// <summary>Prints the table; with <c>--save</c> it is also written, beside the numbers as JSON, to <c>benchmarks/results</c>.</summary>
    public int Publish(ReadOnlySpan<string> args)
    {
        var table = ToMarkdown();
        Console.WriteLine(table);
        if (!args.Contains("--save"))
            return 0;
        var path = Path.Join(Texts.Root(), "benchmarks", "results", Benchmark);
        File.WriteAllText(path + ".json", JsonSerializer.Serialize(this, ReportContext.Default.Report) + "\n");
        File.WriteAllText(path + ".md", table);
        return 0;
    }

    public string ToMarkdown()
    {
        string[] columns = [.. Measurements.SelectMany(m => m.Values.Keys).Distinct()];
        List<string[]> rows = [["case", .. columns]];
        rows.AddRange(Measurements.Select(m => (string[])[m.Case, .. columns.Select(c => m.Values.TryGetValue(c, out var value) ? Format(value) : "")]));

        return $"# {Benchmark}\n\n{Description}\n\n{Machine}\n\nRepeat: `dotnet run -c Release --project benchmarks/Matryoshka.Benchmarks -- {Benchmark} --save`\n\n{MarkdownTable.Of(rows)}";
    }

    /// <summary>A number with three or four figures that count.</summary>
    public static string Format(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("F0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("F1", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("F2", CultureInfo.InvariantCulture),
        _ => value.ToString("F4", CultureInfo.InvariantCulture),
    };
}

/// <summary>One row of a report.</summary>
internal sealed record Measurement(string Case, Dictionary<string, double> Values);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Report))]
internal sealed partial class ReportContext : JsonSerializerContext;
