using System.Buffers.Binary;
using System.Globalization;

namespace Matryoshka.Storage;

/// <summary>A segment file's header, read and found consistent with itself, with the collection and with the file's length.</summary>
internal sealed class SegmentHeader
{
    private SegmentHeader(SegmentLayout layout, uint[] checksums, uint checksum)
    {
        Layout = layout;
        Checksums = checksums;
        Checksum = checksum;
    }

    public SegmentLayout Layout { get; }

    /// <summary>The planes' CRC-32C in the order of <see cref="SegmentLayout.Planes"/>.</summary>
    public IReadOnlyList<uint> Checksums { get; }

    /// <summary>CRC-32C of the header, the planes' checksums included: two segments of one collection with the same are the same.</summary>
    public uint Checksum { get; }

    /// <summary>Reads at most the longest header there can be, and trusts no number that was not compared with the file's length.</summary>
    /// <exception cref="CorruptFileException">The file is damaged, cut, or another collection's.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    public static SegmentHeader Read(IReadableFile file, string path, Guid collectionId)
    {
        var length = file.Length;
        var longest = SegmentFormat.HeaderLength(NestedDimensions.MaxRings, SegmentFormat.MaxPlanes);
        var bytes = new byte[(int)Math.Min(length, longest)];
        var read = file.ReadAt(0, bytes);
        return new Parser(path, bytes.AsSpan(0, read), length).Parse(collectionId);
    }

    private readonly ref struct Parser(string path, ReadOnlySpan<byte> bytes, long fileLength)
    {
        private readonly ReadOnlySpan<byte> bytes = bytes;

        public SegmentHeader Parse(Guid collectionId)
        {
            CheckIdentity();
            var (rings, planes) = CheckCounts();
            var length = SegmentFormat.HeaderLength(rings, planes);
            Require(bytes.Length >= length, 0, "the file's length", $"at least the header's {length} bytes", $"{fileLength}");
            var checksum = Crc32C.Of(bytes[..(length - sizeof(uint))]);
            var stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(length - sizeof(uint))..]);
            Require(stored == checksum, length - sizeof(uint), "the header's checksum", Hex(checksum), Hex(stored));
            var id = new Guid(bytes.Slice(SegmentFormat.CollectionIdOffset, 16), bigEndian: true);
            Require(id == collectionId, SegmentFormat.CollectionIdOffset, "the collection's id", collectionId.ToString(), id.ToString());

            var layout = ReadLayout(rings, planes);
            var checksums = CheckPlanes(layout);
            Require(fileLength == layout.FileLength, fileLength, "the file's length", $"{layout.FileLength}", $"{fileLength}");
            return new(layout, checksums, checksum);
        }

        private void CheckIdentity()
        {
            var identity = SegmentFormat.VersionOffset + sizeof(uint);
            Require(bytes.Length >= identity, 0, "the file's length", $"at least {identity}", $"{fileLength}");
            var magic = bytes[..SegmentFormat.Magic.Length];
            Require(magic.SequenceEqual(SegmentFormat.Magic), 0, "the magic", Convert.ToHexString(SegmentFormat.Magic), Convert.ToHexString(magic));
            var version = U32(SegmentFormat.VersionOffset);
            if (version < SegmentFormat.OldestVersion)
                throw new FormatTooOldException(path, version, SegmentFormat.OldestVersion);
            if (version > SegmentFormat.Version)
                throw new FormatTooNewException(path, version, SegmentFormat.Version);
            Require(bytes.Length >= SegmentFormat.RingEndsOffset, 0, "the file's length", $"at least {SegmentFormat.RingEndsOffset}", $"{fileLength}");
        }

        private (int Rings, int Planes) CheckCounts()
        {
            var rings = U16(SegmentFormat.RingsOffset);
            Require(rings is >= 1 and <= NestedDimensions.MaxRings, SegmentFormat.RingsOffset, "the ring count", $"1 to {NestedDimensions.MaxRings}", $"{rings}");
            var planes = U16(SegmentFormat.PlanesOffset);
            Require(planes >= 1 && planes <= SegmentFormat.MaxPlanes, SegmentFormat.PlanesOffset, "the plane count", $"1 to {SegmentFormat.MaxPlanes}", $"{planes}");
            return (rings, planes);
        }

        private SegmentLayout ReadLayout(int rings, int planes)
        {
            var rows = U32(SegmentFormat.RowsOffset);
            Require(rows is >= 1 and <= SegmentFormat.MaxRows, SegmentFormat.RowsOffset, "the row count", $"1 to {SegmentFormat.MaxRows}", $"{rows}");
            var full = U16(SegmentFormat.FullOffset);
            Require(full is (int)Precision.F16 or (int)Precision.F32, SegmentFormat.FullOffset, "the full vectors' precision", "16 or 32", $"{full}");
            var reserved = U16(SegmentFormat.ReservedOffset);
            Require(reserved == 0, SegmentFormat.ReservedOffset, "the reserved field", "0", $"{reserved}");

            var ends = new int[rings];
            for (var ring = 0; ring < rings; ring++)
            {
                var at = SegmentFormat.RingEndsOffset + sizeof(uint) * ring;
                var least = ring == 0 ? 1 : ends[ring - 1] + 1;
                var end = U32(at);
                Require(end >= least && end <= NestedDimensions.MaxDimensions, at, $"the end of ring {ring}", $"{least} to {NestedDimensions.MaxDimensions}", $"{end}");
                ends[ring] = (int)end;
            }

            bool int8 = false, bit = false;
            for (var plane = 0; plane < planes; plane++)
            {
                var kind = (PlaneKind)U16(EntryOffset(rings, plane) + SegmentFormat.PlaneKindOffset);
                int8 |= kind == PlaneKind.Int8;
                bit |= kind == PlaneKind.Bit;
            }
            var count = SegmentLayout.PlaneCount(rings, int8, bit);
            Require(planes == count, SegmentFormat.PlanesOffset, "the plane count", $"{count} for {rings} rings and the kinds present", $"{planes}");
            return new((int)rows, ends, (Precision)full, int8, bit);
        }

        private uint[] CheckPlanes(SegmentLayout layout)
        {
            var checksums = new uint[layout.Planes.Count];
            for (var i = 0; i < checksums.Length; i++)
            {
                var plane = layout.Planes[i];
                var at = EntryOffset(layout.RingEnds.Length, i);
                RequireField(at + SegmentFormat.PlaneKindOffset, i, "kind", (ulong)plane.Kind, U16(at + SegmentFormat.PlaneKindOffset));
                RequireField(at + SegmentFormat.PlaneRingOffset, i, "ring", (ulong)plane.Ring, U16(at + SegmentFormat.PlaneRingOffset));
                RequireField(at + SegmentFormat.PlaneOffsetOffset, i, "offset", (ulong)plane.Offset, U64(at + SegmentFormat.PlaneOffsetOffset));
                RequireField(at + SegmentFormat.PlaneLengthOffset, i, "length", (ulong)plane.Length, U64(at + SegmentFormat.PlaneLengthOffset));
                checksums[i] = U32(at + SegmentFormat.PlaneChecksumOffset);
            }
            return checksums;
        }

        private static int EntryOffset(int rings, int plane) => SegmentFormat.PlaneTableOffset(rings) + SegmentFormat.PlaneEntryLength * plane;

        private static string Hex(uint value) => value.ToString("X8", CultureInfo.InvariantCulture);

        private ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

        private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

        private ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

        private void RequireField(int offset, int plane, string field, ulong expected, ulong found) =>
            Require(found == expected, offset, $"the {field} of plane {plane}", $"{expected}", $"{found}");

        private void Require(bool holds, long offset, string what, string expected, string found)
        {
            if (!holds)
                throw new CorruptFileException(path, offset, what, expected, found);
        }
    }
}
