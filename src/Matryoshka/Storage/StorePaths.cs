using System.Buffers;
using System.Globalization;

namespace Matryoshka.Storage;

/// <summary>The files of a collection's folder.</summary>
internal sealed class StorePaths(string directory)
{
    public const string SegmentExtension = ".mrs";

    private static readonly SearchValues<char> FileCharacters = SearchValues.Create("0123456789abcdef-.mrs");

    public string Directory { get; } = Path.GetFullPath(directory);

    public string Catalog => Path.Join(Directory, "catalog.db");

    /// <summary>A catalogue being made; it gets its name when it is complete, so that a folder has a whole one or none.</summary>
    public string NewCatalog => Path.Join(Directory, "catalog.db.new");

    public string Segments => Path.Join(Directory, "segments");

    public string WriterLock => Path.Join(Directory, "writer.lock");

    public string Segment(string file)
    {
        // The name comes from a database that may have been tampered with: it must stay inside the folder.
        if (file.Length == 0 || file.AsSpan().ContainsAnyExcept(FileCharacters) || file.Contains("..", StringComparison.Ordinal))
            throw new CorruptFileException(Catalog, $"it names the segment file '{file}', a name no writer gives");
        return Path.Join(Segments, file);
    }

    /// <summary>A name no earlier segment had: ids only grow, and the nonce tells two attempts at the same ids apart.</summary>
    public static string NewSegmentFile(long firstId, long lastId) =>
        string.Create(CultureInfo.InvariantCulture, $"{firstId:x12}-{lastId:x12}-{Guid.NewGuid().ToString("N").AsSpan(0, 8)}{SegmentExtension}");
}
