using System.Buffers.Binary;

namespace Matryoshka.Storage;

/// <summary>
/// A segment file, version 1: the planes of a set of rows, written once and never changed. All numbers little-endian.
/// R is the ring count, P the plane count; offsets are bytes from the start of the file or of the table's entry.
/// <code>
/// header
///   0    [u8 x 8]   Magic            "MRLSEG\r\n": a copy in text mode breaks it, as it does PNG's signature
///   8    [u32]      Version          1; below is too old, above too new, before anything else is read
///   12   [u8 x 16]  CollectionId     as its text form reads; another collection's segment is corrupt here
///   28   [u32]      Rows             1 .. MaxRows
///   32   [u16]      Full             precision of the full vectors: 16 or 32
///   34   [u16]      Rings            R, 1 .. NestedDimensions.MaxRings
///   36   [u16]      Planes           P, follows from R and the kinds present
///   38   [u16]      Reserved         0
///   40   [u32 x R]  RingEnds         ascending from at least 1; the last, the full dimension, at most MaxDimensions
///   then [plane x P] in the order of the kinds' numbers, within a kind by ring:
///     0  [u16]      PlaneKind        1 ids, 2 full, 3 int8, 4 int8 scale, 5 bit, 6 inverse norm
///     2  [u16]      PlaneRing        the ring; 0 for ids and int8 scale
///     4  [u32]      PlaneChecksum    CRC-32C of the plane's bytes without padding
///     8  [u64]      PlaneOffset      in the file; the header's or last plane's end rounded up to 64
///     16 [u64]      PlaneLength      Rows x bytes a row
///   then [u32]      HeaderChecksum   CRC-32C of everything before it
/// planes, each rows x bytes a row, row after row, then zeros up to a multiple of 64, the last one too
///   ids           [i64]              strictly ascending
///   full          [f16|f32 x width]  finite, not all zero; the truth all planes below are computed from, so they can be rebuilt
///   int8          [i8 x width]       x / scale, rounded half to even, -127 .. 127
///   int8 scale    [f32]              largest magnitude of the whole vector / 127, one for all rings so that integer sums add up
///   bit           [u8 x ceil(width / 8)]  bit i % 8 of byte i / 8 is component i > 0; zeros and padding are 0
///   inverse norm  [f32]              1 / L2 norm of the components 0 .. end of this ring; 0 where they are zero or it is beyond f32
/// </code>
/// int8 planes come with their scale and for every ring or not at all; so do bit planes.
/// </summary>
internal static class SegmentFormat
{
    public const uint Version = 1;

    public const uint OldestVersion = 1;

    /// <summary>268,435,456: rows times the widest vector's bytes (2^28 x 2^18) stay far inside a long, and a row inside an int.</summary>
    public const int MaxRows = 1 << 28;

    public const int Alignment = 64; // a cache line, and the widest vector register: an aligned load never leaves the file

    public const int VersionOffset = 8;
    public const int CollectionIdOffset = 12;
    public const int RowsOffset = 28;
    public const int FullOffset = 32;
    public const int RingsOffset = 34;
    public const int PlanesOffset = 36;
    public const int ReservedOffset = 38;
    public const int RingEndsOffset = 40;

    public const int PlaneKindOffset = 0;
    public const int PlaneRingOffset = 2;
    public const int PlaneChecksumOffset = 4;
    public const int PlaneOffsetOffset = 8;
    public const int PlaneLengthOffset = 16;
    public const int PlaneEntryLength = 24;

    public static ReadOnlySpan<byte> Magic => "MRLSEG\r\n"u8;

    public static int MaxPlanes => SegmentLayout.PlaneCount(NestedDimensions.MaxRings, int8: true, bit: true);

    public static int PlaneTableOffset(int rings) => RingEndsOffset + sizeof(uint) * rings;

    /// <summary>Header bytes, checksum included.</summary>
    public static int HeaderLength(int rings, int planes) => PlaneTableOffset(rings) + PlaneEntryLength * planes + sizeof(uint);

    public static long Align(long offset) => checked(offset + (Alignment - 1)) & -Alignment;

    public static byte[] WriteHeader(SegmentLayout layout, Guid collectionId, ReadOnlySpan<uint> checksums)
    {
        var header = new byte[layout.HeaderLength];
        Magic.CopyTo(header);
        var bytes = header.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[VersionOffset..], Version);
        collectionId.TryWriteBytes(bytes[CollectionIdOffset..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RowsOffset..], (uint)layout.Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[FullOffset..], (ushort)layout.Full);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[RingsOffset..], (ushort)layout.RingEnds.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[PlanesOffset..], (ushort)layout.Planes.Count);
        for (var ring = 0; ring < layout.RingEnds.Length; ring++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(RingEndsOffset + sizeof(uint) * ring)..], (uint)layout.RingEnds[ring]);
        var entry = bytes[PlaneTableOffset(layout.RingEnds.Length)..];
        for (var i = 0; i < layout.Planes.Count; i++, entry = entry[PlaneEntryLength..])
        {
            var plane = layout.Planes[i];
            BinaryPrimitives.WriteUInt16LittleEndian(entry[PlaneKindOffset..], (ushort)plane.Kind);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[PlaneRingOffset..], (ushort)plane.Ring);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[PlaneChecksumOffset..], checksums[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneOffsetOffset..], (ulong)plane.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneLengthOffset..], (ulong)plane.Length);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(entry, Crc32C.Of(bytes[..^sizeof(uint)]));
        return header;
    }
}
