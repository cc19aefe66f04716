using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Matryoshka.Benchmarks;

/// <summary><c>mrl index</c> of 100,000 passages of 100 words, as a process: text, metadata, keyword index, vectors, durable.</summary>
internal static class IndexBenchmark
{
    public static int Run(string[] args)
    {
        var rows = Harness.Option(args, "--rows") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 100_000;
        var rounds = Harness.Option(args, "--rounds") is { } r ? int.Parse(r, CultureInfo.InvariantCulture) : 3;
        using var folder = new TemporaryFolder();
        var (file, origin) = WritePassages(folder.At("passages.jsonl"), rows);
        MrlProcess.Run("models", "--json");
        var seconds = new List<double>();
        var peaks = new List<double>();
        double again = 0;
        for (var round = 0; round < rounds; round++)
        {
            var collection = folder.At($"c{round}");
            var (time, peak) = MrlProcess.Run("index", file, "-c", collection, "--json");
            seconds.Add(time);
            peaks.Add(peak);
            again = MrlProcess.Run("index", file, "-c", collection, "--json").Seconds;
        }
        var report = Report.Start("index", $"`mrl index` as a process, from start to exit: {rows:N0} passages of {Texts.WordsPerPassage} words ({origin}) with metadata, keyword index, vectors, durable.");
        report.Add($"first run, median of {rounds}", ("seconds", Harness.Median(seconds)), ("passages/s", rows / Harness.Median(seconds)), ("largest resident MB", peaks.Max()));
        report.Add("slowest", ("seconds", seconds.Max()));
        report.Add("second run, nothing changed", ("seconds", again));
        return report.Publish(args);
    }

    public static (string File, string Origin) WritePassages(string file, int rows)
    {
        var (passages, origin) = Texts.Passages(rows);
        using var writer = new StreamWriter(file);
        for (var i = 0; i < passages.Count; i++)
            writer.WriteLine(new JsonObject { ["id"] = $"p{i}", ["text"] = passages[i], ["metadata"] = new JsonObject { ["n"] = i, ["kind"] = i % 10 == 0 ? "a" : "b" } }
                .ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        return (file, origin);
    }
}
