using System.Buffers;
using System.Runtime.InteropServices;
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

/// <summary>An open segment: immutable planes, each resident in memory or read on demand.</summary>
internal sealed unsafe class Segment : Shared
{
    private readonly SegmentMemory memory;
    private readonly SegmentLayout layout;

    private Segment(SegmentMemory memory, SegmentHeader header, string? path, ColdPlanes cold)
    {
        this.memory = memory;
        layout = header.Layout;
        Checksum = header.Checksum;
        Path = path;
        Cold = cold;
    }

    /// <summary>
    /// Opens and maps a segment file, with one reference for the caller. Reads the header only; damage to the planes is
    /// found by <see cref="SegmentVerifier"/>.
    /// </summary>
    /// <exception cref="CorruptFileException">The file is damaged, cut, or another collection's.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Segment Open(IFileSystem fs, string path, Guid collectionId, ColdPlanes cold = default)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Segments are mapped as they are, little-endian; this machine is big-endian.");
        var file = fs.OpenRead(path);
        SegmentHeader header;
        try
        {
            header = SegmentHeader.Read(file, path, collectionId);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new(SegmentMemory.Map(file, path, header.Layout, cold), header, path, cold);
    }

    /// <summary>Opens a finished image and takes it over.</summary>
    public static Segment Of(SegmentImage image, Guid collectionId)
    {
        var header = SegmentHeader.Read(image, "memory", collectionId);
        return new(SegmentMemory.Of(image, header.Layout), header, null, default);
    }

    /// <summary>The file, or null for an image in memory.</summary>
    public string? Path { get; }

    /// <summary>The header's checksum, which stands for the whole content.</summary>
    public uint Checksum { get; }

    /// <summary>The planes that are read on demand.</summary>
    public ColdPlanes Cold { get; }

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

    /// <summary>Whether <see cref="PlanePointer"/> may be asked for a plane; a cold one is read with <see cref="ReadRows"/>. True of planes the segment does not have.</summary>
    public bool IsResident(PlaneKind kind, int ring = 0) => !Cold.Contains(kind, ring) || layout.IndexOf(kind, ring) < 0;

    /// <summary>Where a plane lies; not present if the segment does not have it.</summary>
    /// <param name="kind">The plane's kind.</param>
    /// <param name="ring">The ring, from 0; 0 for ids and the int8 scale.</param>
    /// <exception cref="InvalidOperationException">The plane is cold.</exception>
    public PlaneMemory PlanePointer(PlaneKind kind, int ring = 0)
    {
        var index = layout.IndexOf(kind, ring);
        if (index < 0)
            return default;
        var plane = layout.Planes[index];
        var pointer = memory[index];
        return pointer is null
            ? throw new InvalidOperationException($"The plane {kind} of ring {ring} is not in memory: read its rows.")
            : new(pointer, plane.RowBytes, plane.Length);
    }

    /// <summary>Bytes a row of a plane; 0 where the segment has no such plane.</summary>
    public int RowBytes(PlaneKind kind, int ring = 0) => layout.IndexOf(kind, ring) is var index and >= 0 ? layout.Planes[index].RowBytes : 0;

    /// <summary>Copies one row of a plane, resident or cold, to the start of <paramref name="destination"/>.</summary>
    public void ReadRow(PlaneKind kind, int ring, int row, Span<byte> destination) => ReadRows(kind, ring, row, 1, destination);

    /// <summary>Copies consecutive rows of a plane, resident or cold, to the start of <paramref name="destination"/>; those of a cold one in one read of the file.</summary>
    /// <exception cref="CorruptFileException">The file was cut since it was opened.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void ReadRows(PlaneKind kind, int ring, int firstRow, int count, Span<byte> destination)
    {
        RequireRows(firstRow, count);
        var index = layout.IndexOf(kind, ring);
        if (index < 0)
            throw new InvalidOperationException($"The segment has no plane {kind} of ring {ring}.");
        var plane = layout.Planes[index];
        var offset = (long)firstRow * plane.RowBytes;
        destination = destination[..checked(count * plane.RowBytes)];
        var pointer = memory[index];
        if (pointer is null)
            memory.Read(plane.Offset + offset, destination);
        else
            new ReadOnlySpan<byte>(pointer + offset, destination.Length).CopyTo(destination);
    }

    /// <summary>Copies the full vector of one row, as stored, to the start of <paramref name="destination"/>.</summary>
    public void ReadVector(int row, Span<float> destination) => ReadVectors(row, 1, destination);

    /// <summary>Copies full vectors of consecutive rows, one after the other, to the start of <paramref name="destination"/>.</summary>
    public void ReadVectors(int firstRow, int count, Span<float> destination)
    {
        RequireRows(firstRow, count);
        destination = destination[..checked(count * layout.FullDimension)];
        for (var ring = 0; ring < RingEnds.Length; ring++)
            if (IsResident(PlaneKind.Full, ring))
            {
                var plane = PlanePointer(PlaneKind.Full, ring);
                Decode(new(plane.Pointer + firstRow * (long)plane.Stride, checked(count * (int)plane.Stride)), ring, destination);
            }
            else
                DecodeCold(firstRow, count, ring, destination);
    }

    protected override void Free() => memory.Dispose();

    private void DecodeCold(int firstRow, int count, int ring, Span<float> destination)
    {
        var length = checked(count * RowBytes(PlaneKind.Full, ring));
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            ReadRows(PlaneKind.Full, ring, firstRow, count, rented);
            Decode(rented.AsSpan(0, length), ring, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Decode(ReadOnlySpan<byte> rows, int ring, Span<float> destination)
    {
        var (start, width, full) = (layout.RingStart(ring), layout.RingWidth(ring), layout.FullDimension);
        for (int row = 0, at = 0; row * full < destination.Length; row++, at += width)
        {
            var target = destination.Slice(row * full + start, width);
            if (Full == Precision.F16)
                HalfCodec.Decode(MemoryMarshal.Cast<byte, ushort>(rows).Slice(at, width), target);
            else
                MemoryMarshal.Cast<byte, float>(rows).Slice(at, width).CopyTo(target);
        }
    }

    private void RequireRows(int firstRow, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, Rows - count);
    }
}
