namespace Matryoshka.Training.Checkpoints;

/// <summary>Writes a file so that its name always holds something whole: beside it first, flushed to the disk, then renamed.</summary>
internal static class WholeFile
{
    /// <summary>Opens what a file is written through; tests put a full disk here.</summary>
    internal delegate Stream Opener(string path);

    public static Stream OpenFile(string path) => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);

    public static void Write(string path, Action<Stream> write, Opener? open = null)
    {
        var temporary = path + ".tmp";
        try
        {
            using (var stream = (open ?? OpenFile)(temporary))
            {
                write(stream);
                if (stream is FileStream file)
                    file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
