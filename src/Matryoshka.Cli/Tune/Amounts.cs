using System.Globalization;

namespace Matryoshka.Cli.Tune;

/// <summary>Reads shares, times and counts as people write them.</summary>
internal static class Amounts
{
    private static readonly (string Unit, double Seconds)[] Times = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1)];
    private static readonly (string Unit, double Factor)[] Counts = [("k", 1e3), ("m", 1e6), ("b", 1e9), ("", 1)];

    /// <summary><c>99%</c>, <c>99 %</c> or <c>0.99</c>.</summary>
    /// <exception cref="UsageException">It is none, or not above 0 and at most as much as allowed.</exception>
    public static double Share(string text, string option, double most = 1)
    {
        var trimmed = text.Trim();
        var percent = trimmed.EndsWith('%');
        var share = Number(percent ? trimmed[..^1] : trimmed) / (percent ? 100 : 1);
        return share > 0 && share <= most ? share.Value : throw new UsageException($"'{text}' is not a share that {option} takes: write 99% or 0.99{(most > 1 ? "" : "; more than 100% takes --rerank")}.");
    }

    /// <summary><c>5ms</c>, <c>800us</c>, <c>0.1s</c>.</summary>
    /// <exception cref="UsageException">It is none, or not above 0.</exception>
    public static TimeSpan Time(string text, string option)
    {
        foreach (var (unit, seconds) in Times)
            if (text.Trim().EndsWith(unit, StringComparison.OrdinalIgnoreCase) && Number(text.Trim()[..^unit.Length]) is > 0 and <= 1e6 and var number)
                return TimeSpan.FromSeconds(number * seconds);
        throw new UsageException($"'{text}' is not a time that {option} takes: write 5ms, 800us or 0.1s.");
    }

    /// <summary><c>10M</c>, <c>250k</c>, <c>1.5B</c> or a number.</summary>
    /// <exception cref="UsageException">It is none, or less than 1.</exception>
    public static long Count(string text, string option)
    {
        foreach (var (unit, factor) in Counts)
            if (text.Trim().EndsWith(unit, StringComparison.OrdinalIgnoreCase) && Number(text.Trim()[..^unit.Length]) * factor is >= 1 and <= 1e15 and var number)
                return (long)number;
        throw new UsageException($"'{text}' is not a count that {option} takes: write 10M, 250k or a number.");
    }

    private static double? Number(string text) =>
        double.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
