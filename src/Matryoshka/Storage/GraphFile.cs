namespace Matryoshka.Storage;

/// <summary>An open graph file, mapped whole and shared by snapshots.</summary>
internal sealed unsafe class GraphFile : Shared
{
    private readonly MappedMemory memory;
    private readonly GraphLayout layout;
    private readonly byte[] parameters;
    private readonly uint[] entries;

    private GraphFile(MappedMemory memory, GraphHeader header, uint[] entries, string path)
    {
        this.memory = memory;
        layout = header.Layout;
        parameters = header.Parameters;
        this.entries = entries;
        Path = path;
    }

    /// <summary>
    /// Opens and maps the graph of a segment, with one reference for the caller. Reads the header and the entries; damage
    /// to the neighbours is found by <see cref="GraphVerifier"/> only, so whoever walks the graph compares each neighbour
    /// with <see cref="Rows"/>.
    /// </summary>
    /// <exception cref="CorruptFileException">The file is damaged, cut, or of another collection or segment.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static GraphFile Open(IFileSystem fs, string path, Guid collectionId, Segment segment)
    {
        using var file = fs.OpenRead(path);
        var header = GraphHeader.Read(file, path, collectionId);
        RequireSegment(path, header, segment.Checksum, segment.Rows);
        var memory = file.Map();
        try
        {
            if (memory.Length != header.Layout.FileLength)
                throw new CorruptFileException(path, memory.Length, "the file's length", $"{header.Layout.FileLength}", $"{memory.Length}");
            var entries = new ReadOnlySpan<uint>(memory.Pointer + header.Layout.EntriesStart, header.Layout.Entries).ToArray();
            foreach (var entry in entries)
                if (entry >= header.Layout.Rows)
                    throw new CorruptFileException(path, header.Layout.EntriesStart, "an entry", $"below {header.Layout.Rows}", $"{entry}");
            return new(memory, header, entries, path);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public string Path { get; }

    public int Rows => layout.Rows;

    /// <summary>Neighbour slots of every row.</summary>
    public int Degree => layout.Degree;

    /// <summary>Bytes of the file.</summary>
    public long Bytes => layout.FileLength;

    /// <summary>Rows where a search begins.</summary>
    public ReadOnlySpan<uint> Entries => entries;

    /// <summary>What the builder left for itself, 64 bytes.</summary>
    public ReadOnlySpan<byte> Parameters => parameters;

    /// <summary>The slots of row 0, those of all other rows behind them; 64-byte aligned.</summary>
    public uint* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(memory.Pointer is null, this);
            return (uint*)(memory.Pointer + layout.NeighboursStart);
        }
    }

    /// <summary>The slots of a row; unused ones, at the end, hold <see cref="GraphFormat.Unused"/>.</summary>
    public ReadOnlySpan<uint> Neighbours(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        return new(Pointer + (long)row * Degree, Degree);
    }

    /// <summary>Refuses a graph over other rows than the segment's: its numbers would be in range and mean nothing.</summary>
    public static void RequireSegment(string path, GraphHeader header, uint checksum, int rows)
    {
        if (header.Segment != checksum)
            throw new CorruptFileException(path, GraphFormat.SegmentOffset, "the segment's checksum", $"{checksum:X8}", $"{header.Segment:X8}");
        if (header.Layout.Rows != rows)
            throw new CorruptFileException(path, GraphFormat.RowsOffset, "the row count", $"{rows}", $"{header.Layout.Rows}");
    }

    protected override void Free() => memory.Dispose();
}
