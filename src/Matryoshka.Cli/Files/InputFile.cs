namespace Matryoshka.Cli.Files;

/// <summary>Opens files that the user named.</summary>
internal static class InputFile
{
    /// <exception cref="MatryoshkaException">There is no such file, or it cannot be read.</exception>
    public static FileStream Open(string path)
    {
        if (Directory.Exists(path))
            throw new MatryoshkaException($"'{path}' is a folder: name a file.");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 18, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new MatryoshkaException($"There is no file '{path}'.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MatryoshkaException($"'{path}' cannot be read: {error.Message}", error);
        }
    }

    public static ByteLines OpenLines(string path) => new(Open(path), path);

    public static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
