namespace Matryoshka.Cli.Output;

/// <summary>Draws one progress line for each file that is received.</summary>
internal sealed class PullLine(Session session) : IProgress<PullProgress>, IDisposable
{
    private readonly Lock gate = new();
    private Progress? line;
    private string? file;

    public void Report(PullProgress value)
    {
        lock (gate)
        {
            if (file != value.File)
            {
                line?.Dispose();
                line = new(session, value.File, "KB", value.TotalBytes / 1000);
                file = value.File;
            }
            line!.Report(value.Bytes / 1000);
        }
    }

    public void Dispose() => line?.Dispose();
}
