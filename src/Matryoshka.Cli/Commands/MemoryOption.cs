using System.Buffers;
using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>--memory SIZE</c>: how much of a collection is kept in memory.</summary>
internal sealed class MemoryOption
{
    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("", 1), ("b", 1), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12),
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
    ];

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private readonly Option<string?> option = Options.Text("--memory", "SIZE", "Keep at most this much in memory, e.g. 500MB or 2GiB, and read the rest on demand. Default: all");

    public MemoryOption(Command command) => command.Options.Add(option);

    /// <summary>Has the session open its collection with the budget, if one was given.</summary>
    /// <exception cref="UsageException">The size cannot be read.</exception>
    public void Apply(ParseResult result, Session session) => session.MemoryBudget = result.GetValue(option) is { } text ? Parse(text) : null;

    /// <summary>Reads a size: a number with an optional fraction and a unit, decimal (MB) or binary (MiB); bytes without one.</summary>
    /// <exception cref="UsageException">It is no size, or less than a byte.</exception>
    public static long Parse(string text)
    {
        var trimmed = text.AsSpan().Trim();
        var digits = trimmed.IndexOfAnyExcept(Digits);
        digits = digits < 0 ? trimmed.Length : digits;
        var unit = trimmed[digits..].Trim();
        if (double.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            foreach (var (name, bytes) in Units)
                if (unit.Equals(name, StringComparison.OrdinalIgnoreCase) && number * bytes is >= 1 and < long.MaxValue)
                    return (long)(number * bytes);
        throw new UsageException($"'{text}' is not a size that --memory takes: write 500MB, 2GB, 1.5GiB or a number of bytes.");
    }
}
