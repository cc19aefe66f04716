namespace Matryoshka.Cli.Files;

/// <summary>
/// A file that appears under its name only when it is whole: written beside it under another name, flushed to the disk,
/// renamed. Whoever reads the name sees the old content or the new, never half.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string path;
    private readonly string temporary;
    private bool committed;

    /// <exception cref="MatryoshkaException">The file cannot be written there.</exception>
    public AtomicFile(string path)
    {
        this.path = Path.GetFullPath(path);
        if (Directory.Exists(this.path))
            throw new MatryoshkaException($"'{path}' is a folder: name a file to write.");
        temporary = $"{this.path}.{Environment.ProcessId}.tmp";
        try
        {
            Stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MatryoshkaException($"'{path}' cannot be written: {error.Message}", error);
        }
    }

    public FileStream Stream { get; }

    /// <summary>Gives the file its name, replacing one that is there.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(temporary, path, overwrite: true);
        committed = true;
    }

    public void Dispose()
    {
        if (committed)
            return;
        Stream.Dispose();
        File.Delete(temporary);
    }
}
