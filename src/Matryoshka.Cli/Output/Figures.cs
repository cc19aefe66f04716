using System.Globalization;
using System.Text.Json.Nodes;

namespace Matryoshka.Cli.Output;

/// <summary>Numbers and names in the form people read.</summary>
internal static class Figures
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>Digits without grouping, for programs.</summary>
    public static string Plain(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Grouped(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun: <c>1 row</c>, <c>2,000 rows</c>.</summary>
    public static string Count(long number, string noun) => $"{Grouped(number)} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>Bytes with three digits: decimal units, as disks are sold and as network and memory rates are quoted.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        var unit = 0;
        for (; Math.Abs(value) >= 999.5 && unit < Units.Length - 1; unit++)
            value /= 1000;
        var format = unit == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    public static string Seconds(double seconds) => seconds switch
    {
        < 0.9995 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms"),
        < 99.5 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 5400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
    };

    public static string Score(double score) => score.ToString("0.000", CultureInfo.InvariantCulture);

    public static string Name(Precision precision) => precision switch
    {
        Precision.Bit => "bit",
        Precision.Int8 => "int8",
        Precision.F16 => "f16",
        _ => "f32",
    };

    public static string Name(NestingKind kind) => kind switch
    {
        NestingKind.Trained => "trained",
        NestingKind.AnyPrefix => "any prefix",
        NestingKind.PcaOrdered => "PCA-ordered",
        NestingKind.SeparateHeads => "separate heads",
        NestingKind.Forced => "forced",
        _ => "none",
    };

    /// <summary>What a score is: the prefix and precision of a cosine, or the ranking it comes from.</summary>
    public static string ScoreTag(SearchHit hit, SearchMode mode) => hit.ScoreDimensions is { } d && hit.ScorePrecision is { } precision
        ? string.Create(CultureInfo.InvariantCulture, $"@{d} {Name(precision)}")
        : hit.RetrievalRank is not null ? "rerank"
        : mode == SearchMode.Keyword ? "bm25" : "fused";

    /// <summary>Source and position as people point at a place: <c>guide.md:12</c>, <c>paper.pdf p. 3</c>; empty without a source.</summary>
    public static string Place(string? source, JsonObject? position)
    {
        if (source is null)
            return "";
        var place = source;
        if (position?["page"] is { } page)
            place += $" p. {page}";
        else if (position?["line"] is { } line)
            place += $":{line}";
        return TextClean.OneLine(place);
    }
}
