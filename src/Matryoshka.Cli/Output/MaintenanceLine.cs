namespace Matryoshka.Cli.Output;

/// <summary>Draws one progress line for each piece of maintenance.</summary>
internal sealed class MaintenanceLine(Session session) : IProgress<MaintenanceProgress>, IDisposable
{
    private readonly Lock gate = new();
    private Progress? line;
    private MaintenanceProgress? last;

    public void Report(MaintenanceProgress value)
    {
        lock (gate)
        {
            if (last is null || last.Step != value.Step || last.Total != value.Total || last.Done > value.Done)
            {
                line?.Dispose();
                line = new(session, value.Step switch { MaintenanceStep.Merge => "merge", MaintenanceStep.Cluster => "cluster", _ => "lists" }, "rows", value.Total);
            }
            last = value;
            line!.Report(value.Done);
        }
    }

    public void Dispose() => line?.Dispose();
}
