using System.CommandLine;
using System.Globalization;

namespace Matryoshka.Cli.Commands;

/// <summary>Makes options whose errors speak of what was typed rather than of types.</summary>
internal static class Options
{
    public static Option<string?> Text(string name, string valueName, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = valueName };

    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description };

    /// <summary>A whole number of at least 1; null when not given.</summary>
    public static Option<int?> Number(string name, string description, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result =>
            {
                var given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
                if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
                    return number;
                result.AddError($"'{given}' is not a number that {name} takes: 1, 2, 3 and so on.");
                return null;
            },
        };

    /// <summary>A number of at least 0, fractions allowed; null when not given.</summary>
    public static Option<double?> Decimal(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "X",
            CustomParser = result =>
            {
                var given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
                if (double.TryParse(given, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                    return number;
                result.AddError($"'{given}' is not a number that {name} takes: 0, 0.25, 20 and so on.");
                return null;
            },
        };

    /// <summary>A span of time above 0, fractions allowed; null when not given.</summary>
    public static Option<double?> Seconds(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "S",
            CustomParser = result =>
            {
                var given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
                if (double.TryParse(given, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1e6)
                    return number;
                result.AddError($"'{given}' is not a number of seconds that {name} takes: 0.5, 10, 600 and so on.");
                return null;
            },
        };
}
