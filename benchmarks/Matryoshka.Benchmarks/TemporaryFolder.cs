namespace Matryoshka.Benchmarks;

/// <summary>A folder that goes with the run.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("matryoshka-").FullName;

    public string At(string name) => Path.Join(path, name);

    public void Dispose() => Directory.Delete(path, recursive: true);
}
