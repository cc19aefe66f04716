using System.Text.Json;
using System.Text.Json.Serialization;

namespace Matryoshka.Benchmarks;

/// <summary>
/// One setting of one engine, as the drivers under <c>benchmarks/peers</c> print it. Memory and files in megabytes of a
/// million bytes. A line without a setting tells of a build alone.
/// </summary>
internal sealed record PeerLine
{
    public required string Peer { get; init; }
    public string? Version { get; init; }
    public string? Setting { get; init; }
    public long Rows { get; init; }
    public double? Recall10 { get; init; }
    public double? Qps { get; init; }
    public double? P50Us { get; init; }
    public double? P95Us { get; init; }
    public double? P99Us { get; init; }
    public double? BuildS { get; init; }
    public int? BuildThreads { get; init; }

    /// <summary>Resident memory of the process that holds the index, after the searches; mapped files that were read count.</summary>
    public double? RssMb { get; init; }

    /// <summary>The most it ever was, loading included.</summary>
    public double? PeakMb { get; init; }

    public double? IndexMb { get; init; }
    public long? QueriesJudged { get; init; }
    public long? QueriesTimed { get; init; }

    /// <summary>What <c>mrl bench --json</c> wrote, one line a plan once read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Bench { get; init; }

    /// <summary>The lines of a results file; of a setting measured twice, the later one.</summary>
    public static List<PeerLine> Read(string file)
    {
        var lines = new Dictionary<(string, string?), PeerLine>();
        foreach (var text in File.ReadLines(file).Where(text => text.Length > 0))
            foreach (var line in JsonSerializer.Deserialize(text, PeerLineContext.Default.PeerLine)!.Plans())
                lines[(line.Peer, line.Setting)] = line;
        return lines.Count > 0 ? [.. lines.Values] : throw new MatryoshkaException($"'{file}' has no results: run benchmarks/peers/run first.");
    }

    private IEnumerable<PeerLine> Plans() => Bench is not { } bench ? [this] : bench.GetProperty("plans").EnumerateArray().Select(plan => this with
    {
        Bench = null,
        Setting = plan.GetProperty("plan").GetString(),
        Rows = bench.GetProperty("rows").GetInt64(),
        Recall10 = plan.GetProperty("recall").GetDouble(),
        Qps = plan.GetProperty("queriesPerSecond").GetDouble(),
        P50Us = plan.GetProperty("p50Microseconds").GetDouble(),
        P95Us = plan.GetProperty("p95Microseconds").GetDouble(),
        P99Us = plan.GetProperty("p99Microseconds").GetDouble(),
        RssMb = bench.GetProperty("residentBytes").GetDouble() / 1e6,
        PeakMb = bench.GetProperty("peakResidentBytes").GetDouble() / 1e6,
        QueriesJudged = bench.GetProperty("queries").GetInt64(),
        QueriesTimed = plan.GetProperty("samples").GetInt64(),
    });
}

/// <summary>Everything measured, and the machine it holds for.</summary>
internal sealed record PeerResults(Machine Machine, List<PeerLine> Lines);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(PeerLine))]
[JsonSerializable(typeof(PeerResults))]
internal sealed partial class PeerLineContext : JsonSerializerContext;
