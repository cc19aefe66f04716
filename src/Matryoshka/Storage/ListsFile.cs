using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>An open lists file, mapped whole and shared by snapshots.</summary>
internal sealed unsafe class ListsFile : Shared
{
    private readonly MappedMemory memory;
    private readonly ListsView view;

    private ListsFile(MappedMemory memory, ListsLayout layout, string path)
    {
        this.memory = memory;
        view = layout.View(memory.Pointer);
        Bytes = layout.FileLength;
        Path = path;
    }

    /// <summary>
    /// Opens and maps the lists of a segment, with one reference for the caller. Reads the header and the starts; damage
    /// to anything else is found by <see cref="ListsVerifier"/> only, so whoever reads postings compares each one's row with
    /// the number of rows.
    /// </summary>
    /// <exception cref="CorruptFileException">The file is damaged, cut, or of another collection or segment.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static ListsFile Open(IFileSystem fs, string path, Guid collectionId, Segment segment)
    {
        using var file = fs.OpenRead(path);
        var header = ListsHeader.Read(file, path, collectionId);
        header.RequireSegment(path, segment.Checksum, segment.Rows, segment.RingEnds[^1]);
        var layout = header.Layout;
        var memory = file.Map();
        try
        {
            if (memory.Length != layout.FileLength)
                throw new CorruptFileException(path, memory.Length, "the file's length", $"{layout.FileLength}", $"{memory.Length}");
            RequireStarts(path, layout, new(memory.Pointer + layout.Start(0), 2 * layout.Lists + 1));
            return new(memory, layout, path);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Bytes { get; }

    /// <summary>The lists; valid while a reference is held.</summary>
    public ListsView View
    {
        get
        {
            ObjectDisposedException.ThrowIf(memory.Pointer is null, this);
            return view;
        }
    }

    /// <summary>Whether every part of a list lies behind the one before it, inside the postings there are.</summary>
    public static void RequireStarts(string path, ListsLayout layout, ReadOnlySpan<uint> starts)
    {
        var least = 0u;
        for (var i = 0; i < starts.Length; i++)
        {
            var holds = starts[i] % ListsView.Group == 0 && starts[i] >= least && starts[i] <= layout.Postings
                && (i > 0 || starts[i] == 0) && (i < starts.Length - 1 || starts[i] == layout.Postings);
            if (!holds)
                throw new CorruptFileException(path, layout.Start(0) + i * sizeof(uint), $"start {i}", $"a multiple of {ListsView.Group} from {least} to {layout.Postings}", $"{starts[i]}");
            least = starts[i];
        }
    }

    protected override void Free() => memory.Dispose();
}
