using System.Globalization;

namespace Matryoshka;

/// <summary>
/// The last stage of a plan: another model, which reads query and text together, decides the order of the hits. Text form
/// <c>rerank:NAME [xKEEP]</c>.
/// </summary>
/// <param name="Name">The reranker, as whoever runs the plan knows it (<see cref="SearchOptions.Rerankers"/>). May hold blanks, but no <c>&gt;</c>.</param>
/// <param name="Keep">How many hits are returned; null means the k asked for.</param>
public sealed record RerankStage(string Name, int? Keep = null)
{
    /// <summary>The most hits that a reranker is given: each is read whole.</summary>
    public const int MaxCandidates = 10_000;

    internal const string Word = "rerank:";

    /// <summary>The text form.</summary>
    public override string ToString() => Keep is { } keep ? string.Create(CultureInfo.InvariantCulture, $"{Word}{Name} x{keep}") : Word + Name;

    /// <summary>Reads a stage that begins with <see cref="Word"/>; what follows the last blank is the count if it looks like one.</summary>
    internal static RerankStage Parse(string stage)
    {
        var name = stage.Trim()[Word.Length..].Trim();
        var blank = name.LastIndexOfAny([' ', '\t']);
        if (blank < 0 || !IsCount(name.AsSpan(blank + 1)))
            return new(name);
        return int.TryParse(name.AsSpan(blank + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var keep)
            ? new(name[..blank].TrimEnd(), keep)
            : throw new InvalidFormatException($"The plan's stage '{stage.Trim()}' cannot be read: '{name[(blank + 1)..]}' is not x and a number, as in 'x10'.");
    }

    /// <summary>Holds the stage against the one before it.</summary>
    internal void Check(SearchStage before)
    {
        if (string.IsNullOrEmpty(Name) || Name != Name.Trim() || Name.Contains('>', StringComparison.Ordinal) || Name.Any(char.IsControl) || (Name.LastIndexOf(' ') is > 0 and var blank && IsCount(Name.AsSpan(blank + 1))))
            throw new InvalidFormatException($"'{Name}' does not name a reranker: write rerank:NAME, e.g. 'f16:full x50 > rerank:NAME x10'; a name has no '>'.");
        if (before.Keep is not { } candidates)
            throw new InvalidFormatException($"The stage '{before}' does not say how many hits the reranker reads: add e.g. 'x50'.");
        if (candidates > MaxCandidates)
            throw new InvalidFormatException($"The stage '{before}' hands {candidates} hits to a reranker; at most {MaxCandidates} are allowed, and some dozens are usual.");
        if (Keep is < 1)
            throw new InvalidFormatException($"The stage '{this}' keeps {Keep}; 1 or more are allowed.");
        if (Keep > candidates)
            throw new InvalidFormatException($"The stage '{this}' keeps {Keep}, more than the {candidates} handed on to it; a funnel only narrows.");
    }

    private static bool IsCount(ReadOnlySpan<char> word) => word.Length > 1 && word[0] == 'x' && !word[1..].ContainsAnyExceptInRange('0', '9');
}
