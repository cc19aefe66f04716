using Matryoshka.Cli.Commands;
using Matryoshka.Cli.Files;

namespace Matryoshka.Cli.Bench;

/// <summary>A plan to measure.</summary>
/// <param name="Name">What to call it: the text it was given as.</param>
/// <param name="Plan">The plan; null for the collection's default.</param>
internal sealed record PlanCandidate(string Name, SearchPlan? Plan)
{
    /// <summary>Reads a list of plans: separated by semicolons, or <c>@FILE</c> with one a line; '#' begins a comment there.</summary>
    /// <exception cref="UsageException">A plan cannot be read, or there is none.</exception>
    public static List<PlanCandidate> Parse(string list)
    {
        var texts = list.StartsWith('@')
            ? Lines(list[1..]).Select(line => line.Split('#')[0])
            : list.Split(';');
        var plans = texts.Select(text => text.Trim()).Where(text => text.Length > 0)
            .Select(text => new PlanCandidate(text, SearchFlags.ParsePlan(text)))
            .DistinctBy(candidate => candidate.Plan).ToList();
        return plans.Count > 0 ? plans : throw new UsageException($"--plans '{list}' names no plan: write e.g. 'int8:128 x200 > f16:full; bit:full x500 > f16:full', or @FILE with a plan a line.");
    }

    /// <summary>What is measured when no plan is named: the default, and exact search to hold it against.</summary>
    public static List<PlanCandidate> Usual(SearchPlan exact) => [new("default", null), new(exact.ToString(), exact)];

    private static List<string> Lines(string path)
    {
        using var file = InputFile.OpenLines(path);
        var lines = new List<string>();
        while (file.TryRead(out var line))
            lines.Add(System.Text.Encoding.UTF8.GetString(line.Span));
        return lines;
    }
}
