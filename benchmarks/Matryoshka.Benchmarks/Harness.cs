using System.Diagnostics;

namespace Matryoshka.Benchmarks;

/// <summary>Times things against each other on a machine that has other work to do.</summary>
internal static class Harness
{
    /// <summary>
    /// Runs every action in turn, round after round, and returns each one's median in seconds. Taking turns spreads a
    /// neighbour's burst or a change of clock over all of them, so their ratio survives what their times do not.
    /// </summary>
    /// <param name="seconds">Time to spend on all together; at least 5 rounds are run, whatever they take.</param>
    /// <param name="actions">What to time.</param>
    public static double[] Interleave(double seconds, params ReadOnlySpan<Action> actions)
    {
        // Two calls each take compilation and page faults out of what is measured.
        foreach (var action in actions)
        {
            action();
            action();
        }
        var times = new List<double>[actions.Length];
        for (var i = 0; i < times.Length; i++)
            times[i] = [];
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < 5 || watch.Elapsed.TotalSeconds < seconds && round < 2000; round++)
            for (var i = 0; i < actions.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                actions[i]();
                times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        return [.. times.Select(Median)];
    }

    /// <summary>The middle value, or the mean of the two middle ones.</summary>
    public static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The value after <paramref name="name"/>, or null where the option is not given.</summary>
    /// <exception cref="MatryoshkaException">The option is last, without a value.</exception>
    public static string? Option(ReadOnlySpan<string> args, string name)
    {
        var at = args.IndexOf(name);
        if (at < 0)
            return null;
        return at + 1 < args.Length ? args[at + 1] : throw new MatryoshkaException($"{name} needs a value.");
    }
}
