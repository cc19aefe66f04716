using System.Diagnostics;
using System.Globalization;
using Matryoshka.Training;

namespace Matryoshka.Cli.Output;

/// <summary>One line on a terminal that says how a training goes: step, loss, rate, held-out quality, time left. Warnings are said anywhere.</summary>
internal sealed class TrainingLine(Session session) : IProgress<TrainingProgress>, IDisposable
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(200);

    private readonly bool on = session.Host.ErrorIsTerminal && !session.Quiet;
    private long firstStep = -1;
    private long startedTraining;
    private long lastDrawn;
    private int drawn;

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    public void Report(TrainingProgress value)
    {
        if (value.Note is { } note)
        {
            Clear();
            session.Warn(note);
        }
        if (value.Stage == TrainingStage.Train)
        {
            Steps = value.Done;
            if (firstStep < 0)
                (firstStep, startedTraining) = (value.Done - 1, Stopwatch.GetTimestamp());
        }
        if (!on || lastDrawn != 0 && Stopwatch.GetElapsedTime(lastDrawn) < Frame)
            return;
        lastDrawn = Stopwatch.GetTimestamp();
        var line = Describe(value, firstStep, startedTraining == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(startedTraining));
        if (line.Length >= session.Host.Width)
            line = line[..(session.Host.Width - 1)];
        session.Host.Error.Write("\r" + line.PadRight(drawn));
        drawn = line.Length;
    }

    public static string Describe(TrainingProgress value, long firstStep, TimeSpan elapsed)
    {
        if (value.Stage != TrainingStage.Train)
            return value.Stage switch
            {
                TrainingStage.Read => $"read {Figures.Grouped(value.Done)} pairs",
                TrainingStage.Mine => $"mined hard negatives for {Figures.Grouped(value.Done)} pairs",
                _ => "measuring",
            };
        var steps = value.Done - firstStep;
        var left = steps > 0 && value.Total is { } total ? $", {Figures.Seconds(elapsed.TotalSeconds * (total - value.Done) / steps)} left" : "";
        var held = value.HeldOut is [.., var full] and [var smallest, ..] ? string.Create(CultureInfo.InvariantCulture, $", held out {full:0.000} ({smallest:0.000} smallest)") : "";
        return string.Create(CultureInfo.InvariantCulture, $"train {Figures.Grouped(value.Done)} of {Figures.Grouped(value.Total ?? 0)} steps, loss {value.Loss:0.000}{held}, rate {value.Rate:0.0000}{left}");
    }

    public void Dispose() => Clear();

    private void Clear()
    {
        if (drawn > 0)
            session.Host.Error.Write("\r" + new string(' ', drawn) + "\r");
        drawn = 0;
    }
}

/// <summary>Tells of the first few lines of pairs that were passed over, and of how many more there are only by their number.</summary>
internal sealed class BadPairNotes(Session session)
{
    private const int Most = 5;
    private int told;

    public void Tell(BadPair bad)
    {
        if (told++ < Most)
            session.Warn($"line {bad.Line} of '{bad.File}' {bad.Problem}; passed over.");
    }
}
