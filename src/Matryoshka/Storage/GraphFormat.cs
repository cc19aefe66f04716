using System.Buffers.Binary;

namespace Matryoshka.Storage;

/// <summary>
/// A graph file, version 1: a navigable graph over the rows of one segment, written once and never changed. Derived: it can
/// be built again from the segment. All numbers little-endian; offsets are bytes from the start of the file or of the
/// plane's entry.
/// <code>
/// header
///   0    [u8 x 8]   Magic            "MRLGPH\r\n"
///   8    [u32]      Version          1; below is too old, above too new, before anything else is read
///   12   [u8 x 16]  CollectionId     as its text form reads
///   28   [u32]      Segment          the header checksum of the segment whose rows these are; it covers every plane's checksum
///   32   [u32]      Rows             of that segment, 1 .. SegmentFormat.MaxRows
///   36   [u32]      Degree           neighbour slots of every row, 1 .. MaxDegree
///   40   [u32]      Entries          E, 1 .. MaxEntries
///   44   [u32]      Reserved         0
///   48   [u8 x 64]  Parameters       the builder's own; not interpreted here
///   then [plane x 2], the entries and the neighbours:
///     0  [u32]      PlaneChecksum    CRC-32C of the plane's bytes without padding
///     4  [u32]      PlaneReserved    0
///     8  [u64]      PlaneOffset      in the file; the header's or the plane before's end rounded up to 64
///     16 [u64]      PlaneLength
///   then [u32]      HeaderChecksum   CRC-32C of everything before it
/// planes, then zeros up to a multiple of 64, the last one too
///   entries       [u32 x E]              rows where a search begins
///   neighbours    [u32 x Degree] a row   rows, the unused slots at the end 0xFFFFFFFF
/// </code>
/// </summary>
internal static class GraphFormat
{
    public const uint Version = 1;

    public const uint OldestVersion = 1;

    /// <summary>Published graphs keep 16 to 128 neighbours a row. With 2^28 rows a plane has at most 2^40 bytes.</summary>
    public const int MaxDegree = 1024;

    /// <summary>Read whole at opening, so bounded: 256 KiB.</summary>
    public const int MaxEntries = 1 << 16;

    public const uint Unused = uint.MaxValue;

    public const int ParameterBytes = 64;

    public const int VersionOffset = 8;
    public const int CollectionIdOffset = 12;
    public const int SegmentOffset = 28;
    public const int RowsOffset = 32;
    public const int DegreeOffset = 36;
    public const int EntriesOffset = 40;
    public const int ReservedOffset = 44;
    public const int ParametersOffset = 48;
    public const int PlaneTableOffset = ParametersOffset + ParameterBytes;

    public const int PlaneChecksumOffset = 0;
    public const int PlaneReservedOffset = 4;
    public const int PlaneOffsetOffset = 8;
    public const int PlaneLengthOffset = 16;
    public const int PlaneEntryLength = 24;

    public const int HeaderChecksumOffset = PlaneTableOffset + 2 * PlaneEntryLength;
    public const int HeaderLength = HeaderChecksumOffset + sizeof(uint);

    public static ReadOnlySpan<byte> Magic => "MRLGPH\r\n"u8;

    public static byte[] WriteHeader(GraphLayout layout, Guid collectionId, uint segment, ReadOnlySpan<byte> parameters, uint entriesChecksum, uint neighboursChecksum)
    {
        var header = new byte[HeaderLength];
        var bytes = header.AsSpan();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[VersionOffset..], Version);
        collectionId.TryWriteBytes(bytes[CollectionIdOffset..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[SegmentOffset..], segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RowsOffset..], (uint)layout.Rows);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[DegreeOffset..], (uint)layout.Degree);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EntriesOffset..], (uint)layout.Entries);
        parameters.CopyTo(bytes[ParametersOffset..]);
        WritePlane(bytes[PlaneTableOffset..], entriesChecksum, layout.EntriesStart, layout.EntriesLength);
        WritePlane(bytes[(PlaneTableOffset + PlaneEntryLength)..], neighboursChecksum, layout.NeighboursStart, layout.NeighboursLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[HeaderChecksumOffset..], Crc32C.Of(bytes[..HeaderChecksumOffset]));
        return header;
    }

    private static void WritePlane(Span<byte> entry, uint checksum, long offset, long length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(entry[PlaneChecksumOffset..], checksum);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneOffsetOffset..], (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneLengthOffset..], (ulong)length);
    }
}

/// <summary>Where everything in a graph file lies; follows from the counts alone.</summary>
/// <param name="Rows">Rows of the segment.</param>
/// <param name="Degree">Slots a row.</param>
/// <param name="Entries">Rows where a search begins.</param>
internal readonly record struct GraphLayout(int Rows, int Degree, int Entries)
{
    public long EntriesStart { get; } = SegmentFormat.Align(GraphFormat.HeaderLength);

    public long EntriesLength => (long)Entries * sizeof(uint);

    public long NeighboursStart => SegmentFormat.Align(checked(EntriesStart + EntriesLength));

    public long RowBytes => (long)Degree * sizeof(uint);

    public long NeighboursLength => checked(Rows * RowBytes);

    public long FileLength => SegmentFormat.Align(checked(NeighboursStart + NeighboursLength));
}
