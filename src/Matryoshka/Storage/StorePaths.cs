using System.Buffers;
using System.Globalization;

namespace Matryoshka.Storage;

/// <summary>The files of a collection's folder.</summary>
internal sealed class StorePaths(string directory)
{
    public const string SegmentExtension = ".mrs";

    public const string ListsExtension = ".mri";

    private static readonly SearchValues<char> FileCharacters = SearchValues.Create("0123456789abcdef-.mrsi");

    public string Directory { get; } = Path.GetFullPath(directory);

    public string Catalog => Path.Join(Directory, "catalog.db");

    /// <summary>A catalogue being made; it gets its name when it is complete, so that a folder has a whole one or none.</summary>
    public string NewCatalog => Path.Join(Directory, "catalog.db.new");

    public string Segments => Path.Join(Directory, "segments");

    public string WriterLock => Path.Join(Directory, "writer.lock");

    /// <summary>Held by whoever merges segments and builds lists, while at it.</summary>
    public string MaintenanceLock => Path.Join(Directory, "maintenance.lock");

    /// <summary>The path of a segment's file or of its lists.</summary>
    public string Segment(string file)
    {
        // The name comes from a database that may have been tampered with: it must stay inside the folder.
        if (file.Length == 0 || file.AsSpan().ContainsAnyExcept(FileCharacters) || file.Contains("..", StringComparison.Ordinal))
            throw new CorruptFileException(Catalog, $"it names the segment file '{file}', a name no writer gives");
        return Path.Join(Segments, file);
    }

    /// <summary>The path of a lists file; its extension keeps a tampered catalogue from passing a segment off as one and having it removed.</summary>
    public string Lists(string file) => file.EndsWith(ListsExtension, StringComparison.Ordinal)
        ? Segment(file)
        : throw new CorruptFileException(Catalog, $"it names the lists file '{file}', a name no writer gives");

    /// <summary>The name of the file of a segment's lists.</summary>
    public static string ListsFile(string segmentFile) => Path.ChangeExtension(segmentFile, ListsExtension);

    /// <summary>A name no earlier segment had: ids only grow, and the nonce tells two attempts at the same ids apart.</summary>
    public static string NewSegmentFile(long firstId, long lastId) =>
        string.Create(CultureInfo.InvariantCulture, $"{firstId:x12}-{lastId:x12}-{Guid.NewGuid().ToString("N").AsSpan(0, 8)}{SegmentExtension}");
}
