using System.Globalization;
using System.Text;
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
        var widths = Enumerable.Range(0, columns.Length + 1).Select(i => rows.Max(row => row[i].Length)).ToArray();

        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"# {Benchmark}\n\n{Description}\n\n{Machine}\n\nRepeat: `dotnet run -c Release --project benchmarks/Matryoshka.Benchmarks -- {Benchmark} --save`\n\n");
        for (var r = 0; r < rows.Count; r++)
        {
            text.Append('|');
            for (var c = 0; c < widths.Length; c++)
                text.Append(' ').Append(c == 0 ? rows[r][c].PadRight(widths[c]) : rows[r][c].PadLeft(widths[c])).Append(" |");
            text.Append('\n');
            if (r == 0)
                text.Append('|').AppendJoin("", widths.Select((w, c) => (c == 0 ? ":" + new string('-', w + 1) : new string('-', w + 1) + ":") + "|")).Append('\n');
        }
        return text.ToString();
    }

    private static string Format(double value) => Math.Abs(value) switch
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
