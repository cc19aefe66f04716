using System.Diagnostics;

namespace Matryoshka.Cli.Output;

/// <summary>
/// One line on the error stream's terminal that says how far a long command is: count, rate, time left. Nothing when
/// the stream is not a terminal. May be told from any thread.
/// </summary>
internal sealed class Progress : IDisposable
{
    // Short work stays silent; ten frames a second read smoothly and cost nothing.
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly TextWriter writer;
    private readonly string verb;
    private readonly string noun;
    private readonly long? total;
    private readonly int width;
    private readonly bool on;
    private readonly long started = Stopwatch.GetTimestamp();
    private TimeSpan next = Delay;
    private int drawn;

    public Progress(Session session, string verb, string noun, long? total)
    {
        writer = session.Host.Error;
        width = session.Host.Width;
        on = session.Host.ErrorIsTerminal && !session.Quiet;
        (this.verb, this.noun, this.total) = (verb, noun, total);
    }

    /// <param name="done">Items done.</param>
    /// <param name="fraction">The share done, where the total is not known.</param>
    public void Report(long done, double? fraction = null)
    {
        if (!on)
            return;
        lock (gate)
        {
            var elapsed = Stopwatch.GetElapsedTime(started);
            if (elapsed < next)
                return;
            next = elapsed + Frame;
            var line = Describe(verb, noun, done, total, fraction, elapsed);
            if (line.Length >= width)
                line = line[..(width - 1)];
            writer.Write("\r" + line.PadRight(drawn));
            drawn = line.Length;
        }
    }

    public static string Describe(string verb, string noun, long done, long? total, double? fraction, TimeSpan elapsed)
    {
        var rate = done / Math.Max(elapsed.TotalSeconds, 1e-3);
        var line = $"{verb} {Figures.Grouped(done)}{(total is { } all ? $" of {Figures.Grouped(all)}" : "")} {noun}, {Figures.Grouped((long)rate)}/s";
        var share = total is > 0 ? (double)done / total.Value : fraction;
        if (share is > 0 and <= 1)
            line += $", {Figures.Seconds(elapsed.TotalSeconds * (1 - share.Value) / share.Value)} left";
        return line;
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (drawn > 0)
                writer.Write("\r" + new string(' ', drawn) + "\r");
            drawn = 0;
        }
    }
}
