using Matryoshka.Cli.Output;
using Matryoshka.Tuning;

namespace Matryoshka.Cli.Tune;

/// <summary>Shows how far a run is on the progress line: a line a phase.</summary>
internal sealed class TuneTicker(Session session) : IProgress<TuneProgress>, IDisposable
{
    private const int Steps = 1000;
    private readonly Lock gate = new();
    private string? phase;
    private Progress? line;

    public void Report(TuneProgress value)
    {
        lock (gate)
        {
            if (phase != value.Phase)
            {
                line?.Dispose();
                line = new Progress(session, value.Phase, "per mille", Steps);
                phase = value.Phase;
            }
            line!.Report((long)(value.Fraction * Steps));
        }
    }

    public void Dispose() => line?.Dispose();
}
