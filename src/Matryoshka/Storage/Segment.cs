using Matryoshka.Vectors;

namespace Matryoshka.Storage;

/// <summary>One plane in memory.</summary>
/// <param name="pointer">Row 0, 64-byte aligned; null where the segment has no such plane.</param>
/// <param name="stride">Bytes from row to row.</param>
/// <param name="length">Bytes of all rows.</param>
internal readonly unsafe struct PlaneMemory(byte* pointer, nint stride, long length)
{
    public readonly byte* Pointer = pointer;
    public readonly nint Stride = stride;
    public readonly long Length = length;

    public bool IsPresent => Pointer is not null;
}

/// <summary>
/// An open segment: planes of immutable memory.
/// </summary>
internal sealed unsafe class Segment : Shared
{
    private readonly MappedMemory memory;
    private readonly SegmentLayout layout;

    private Segment(MappedMemory memory, SegmentHeader header, string? path)
    {
        this.memory = memory;
        layout = header.Layout;
        Checksum = header.Checksum;
        Path = path;
    }

    /// <summary>
    /// Opens and maps a segment file, with one reference for the caller. Reads the header only; damage to the planes is
    /// found by <see cref="SegmentVerifier"/>.
    /// </summary>
    /// <exception cref="CorruptFileException">The file is damaged, cut, or another collection's.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Segment Open(IFileSystem fs, string path, Guid collectionId)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Segments are mapped as they are, little-endian; this machine is big-endian.");
        using var file = fs.OpenRead(path);
        var header = SegmentHeader.Read(file, path, collectionId);
        var memory = file.Map();
        if (memory.Length != header.Layout.FileLength)
        {
            memory.Dispose();
            throw new CorruptFileException(path, memory.Length, "the file's length", $"{header.Layout.FileLength}", $"{memory.Length}");
        }
        return new(memory, header, path);
    }

    /// <summary>Opens a finished image and takes it over.</summary>
    public static Segment Of(SegmentImage image, Guid collectionId) =>
        new(image, SegmentHeader.Read(image, "memory", collectionId), null);

    /// <summary>The file, or null for an image in memory.</summary>
    public string? Path { get; }

    /// <summary>The header's checksum, which stands for the whole content.</summary>
    public uint Checksum { get; }

    public int Rows => layout.Rows;

    public Precision Full => layout.Full;

    public bool HasInt8 => layout.HasInt8;

    public bool HasBit => layout.HasBit;

    /// <summary>The component after each ring, ascending; the last is the full dimension.</summary>
    public ReadOnlySpan<int> RingEnds => layout.RingEnds;

    /// <summary>Bytes of the file or image.</summary>
    public long Bytes => layout.FileLength;

    /// <summary>All planes in file order.</summary>
    public IReadOnlyList<SegmentPlane> Planes => layout.Planes;

    /// <summary>The rows' ids, ascending.</summary>
    public ReadOnlySpan<long> Ids => new(PlanePointer(PlaneKind.Ids).Pointer, Rows);

    public bool TryFindRow(long id, out int row)
    {
        row = Ids.BinarySearch(id);
        return row >= 0;
    }

    /// <summary>Where a plane lies; not present if the segment does not have it.</summary>
    /// <param name="kind">The plane's kind.</param>
    /// <param name="ring">The ring, from 0; 0 for ids and the int8 scale.</param>
    public PlaneMemory PlanePointer(PlaneKind kind, int ring = 0)
    {
        ObjectDisposedException.ThrowIf(memory.Pointer is null, this);
        var index = layout.IndexOf(kind, ring);
        if (index < 0)
            return default;
        var plane = layout.Planes[index];
        return new(memory.Pointer + plane.Offset, plane.RowBytes, plane.Length);
    }

    /// <summary>Copies the full vector of one row, as stored, to the start of <paramref name="destination"/>.</summary>
    public void ReadVector(int row, Span<float> destination) => ReadVectors(row, 1, destination);

    /// <summary>Copies full vectors of consecutive rows, one after the other, to the start of <paramref name="destination"/>.</summary>
    public void ReadVectors(int firstRow, int count, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, Rows - count);
        destination = destination[..checked(count * layout.FullDimension)];
        for (var ring = 0; ring < RingEnds.Length; ring++)
        {
            var plane = PlanePointer(PlaneKind.Full, ring);
            var (start, width) = (layout.RingStart(ring), layout.RingWidth(ring));
            for (var i = 0; i < count; i++)
            {
                var source = plane.Pointer + (firstRow + i) * (long)plane.Stride;
                var target = destination.Slice(i * layout.FullDimension + start, width);
                if (Full == Precision.F16)
                    HalfCodec.Decode(new ReadOnlySpan<ushort>(source, width), target);
                else
                    new ReadOnlySpan<float>(source, width).CopyTo(target);
            }
        }
    }

    protected override void Free() => memory.Dispose();
}
