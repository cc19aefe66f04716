using System.Globalization;

namespace Matryoshka.Cli.Commands;

/// <summary>Numbers separated by commas, as options take them.</summary>
internal static class NumberList
{
    /// <returns>Null where nothing was given.</returns>
    public static int[]? Whole(string? given, string option) => given is null ? null : Array.ConvertAll(given.Split(','), part =>
        int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new UsageException($"'{given}' is not a list that {option} takes: whole numbers separated by commas."));

    /// <inheritdoc cref="Whole"/>
    public static double[]? Decimals(string? given, string option) => given is null ? null : Array.ConvertAll(given.Split(','), part =>
        double.TryParse(part.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number
        : throw new UsageException($"'{given}' is not a list that {option} takes: numbers separated by commas."));
}
