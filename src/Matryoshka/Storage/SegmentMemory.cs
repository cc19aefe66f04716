namespace Matryoshka.Storage;

/// <summary>
/// Where the planes of an open segment are: mapped, or in the file, to be read by position when asked for. A page that is
/// read through a map counts to the process; one that is read by position stays the system's to drop.
/// </summary>
internal sealed unsafe class SegmentMemory : IDisposable
{
    private readonly List<MappedMemory> maps = [];
    private readonly nint[] planes;
    private readonly SegmentLayout layout;
    private IReadableFile? file;
    private volatile bool disposed;

    private SegmentMemory(SegmentLayout layout, string path)
    {
        this.layout = layout;
        Path = path;
        planes = new nint[layout.Planes.Count];
    }

    public string Path { get; }

    /// <summary>An image that is in memory already, and is taken over.</summary>
    public static SegmentMemory Of(MappedMemory image, SegmentLayout layout)
    {
        var memory = new SegmentMemory(layout, "memory");
        memory.Add(image, 0, layout.Planes.Count, 0);
        return memory;
    }

    /// <summary>Maps all but the cold planes, each run of neighbouring ones at once; takes the file over where there is a cold one, else closes it.</summary>
    public static SegmentMemory Map(IReadableFile file, string path, SegmentLayout layout, ColdPlanes cold)
    {
        var memory = new SegmentMemory(layout, path) { file = file };
        try
        {
            memory.MapRuns(file, cold);
            if (!cold.Any)
            {
                memory.file = null;
                file.Dispose();
            }
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>A plane's row 0, or null when it is cold.</summary>
    public byte* this[int plane]
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, typeof(Segment));
            return (byte*)planes[plane];
        }
    }

    /// <exception cref="CorruptFileException">The file is shorter than it was when it was opened.</exception>
    public void Read(long offset, Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(Segment));
        var read = file!.ReadAt(offset, bytes);
        if (read < bytes.Length)
            throw new CorruptFileException(Path, offset + read, "the file's length", $"{layout.FileLength}", $"{offset + read}");
    }

    public void Dispose()
    {
        disposed = true;
        foreach (var map in maps)
            map.Dispose();
        file?.Dispose();
    }

    private void MapRuns(IReadableFile readable, ColdPlanes cold)
    {
        for (var first = 0; first < planes.Length;)
        {
            if (IsCold(first))
            {
                first++;
                continue;
            }
            var end = first + 1;
            while (end < planes.Length && !IsCold(end))
                end++;
            var (start, last) = (layout.Planes[first].Offset, layout.Planes[end - 1]);
            var length = last.Offset + last.Length - start;
            Add(readable.Map(start, length), first, end, start);
            first = end;
        }

        bool IsCold(int plane) => cold.Contains(layout.Planes[plane].Kind, layout.Planes[plane].Ring);
    }

    private void Add(MappedMemory map, int first, int end, long start)
    {
        maps.Add(map);
        for (var plane = first; plane < end; plane++)
            planes[plane] = (nint)(map.Pointer + (layout.Planes[plane].Offset - start));
    }
}
