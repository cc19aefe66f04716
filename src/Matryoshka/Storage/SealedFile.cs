namespace Matryoshka.Storage;

/// <summary>Writes files that never change.</summary>
internal static class SealedFile
{
    /// <summary>The name under which a file is written before it is renamed; such a file found later is an orphan.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>
    /// Writes under a temporary name, flushes, renames, flushes the folder. The file is there whole and durable when this
    /// returns; if it throws, nothing is there (unless the disk refuses even the removal).
    /// </summary>
    /// <exception cref="MatryoshkaException">The file exists: sealed files never change.</exception>
    /// <exception cref="IOException">The disk failed. A failed flush must not be repeated: give the collection's writer up.</exception>
    public static void Write(IFileSystem fs, string path, long length, Action<IWritableFile> write)
    {
        if (fs.Exists(path))
            throw new MatryoshkaException($"The file {path} exists already, and sealed files never change. Write under another name.");
        var temporary = path + TemporarySuffix;
        fs.Delete(temporary); // left by a crash
        var visible = temporary;
        try
        {
            using (var file = fs.CreateNew(temporary, length))
            {
                write(file);
                file.Sync();
            }
            fs.Rename(temporary, path);
            visible = path;
            fs.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            TryDelete(fs, visible);
            throw;
        }
    }

    /// <summary>Removes a file; if that fails it is an orphan, which a later writer removes.</summary>
    public static void TryDelete(IFileSystem fs, string path)
    {
        try
        {
            fs.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
