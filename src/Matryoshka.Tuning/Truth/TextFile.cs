namespace Matryoshka.Tuning.Truth;

/// <summary>Lines of a text file that the user named.</summary>
internal static class TextFile
{
    /// <exception cref="MatryoshkaException">It is missing, a folder, or cannot be read.</exception>
    public static IEnumerable<string> Lines(string path)
    {
        using var reader = Open(path);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    private static StreamReader Open(string path)
    {
        if (Directory.Exists(path))
            throw new MatryoshkaException($"'{path}' is a folder: name a file.");
        try
        {
            return new(path);
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
}
