using System.Globalization;

namespace Matryoshka.Tuning.Reporting;

/// <summary>Numbers as the report, the terminal and the sentences of a recommendation write them: in one way, so that they agree.</summary>
internal static class Words
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB"];

    public static string Grouped(double number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => (share * 100).ToString(share is > 0.9799 and < 1.0201 ? "0.00" : "0.0", CultureInfo.InvariantCulture) + " %";

    public static string Quality(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    public static string Microseconds(double microseconds) => microseconds switch
    {
        < 999.5 => microseconds.ToString("0", CultureInfo.InvariantCulture) + " µs",
        < 99_950 => (microseconds / 1e3).ToString(microseconds < 9_995 ? "0.00" : "0.0", CultureInfo.InvariantCulture) + " ms",
        _ => (microseconds / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " s",
    };

    /// <summary>A span of time from milliseconds to days; a dash where it is not known.</summary>
    public static string Seconds(double? seconds) => seconds switch
    {
        null => "-",
        < 9.995 => Microseconds(seconds.Value * 1e6),
        < 99.95 => seconds.Value.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 5_970 => (seconds.Value / 60).ToString("0.0", CultureInfo.InvariantCulture) + " min",
        < 172_800 => (seconds.Value / 3600).ToString("0.0", CultureInfo.InvariantCulture) + " h",
        _ => (seconds.Value / 86_400).ToString("0.0", CultureInfo.InvariantCulture) + " d",
    };

    public static string Bytes(double bytes)
    {
        var unit = 0;
        for (; Math.Abs(bytes) >= 999.5 && unit < Units.Length - 1; unit++)
            bytes /= 1000;
        return bytes.ToString(unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.0" : "0.00", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    public static string Money(double amount, string currency) =>
        amount.ToString(Math.Abs(amount) >= 99.5 ? "N0" : Math.Abs(amount) >= 0.995 ? "0.00" : "0.0000", CultureInfo.InvariantCulture) + " " + currency;

    public static string PValue(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);
}
