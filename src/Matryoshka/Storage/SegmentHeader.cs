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
        return new Parser(new(path, bytes.AsSpan(0, read), length)).Parse(collectionId);
    }

    private readonly ref struct Parser(HeaderBytes header)
    {
        private readonly HeaderBytes header = header;

        public SegmentHeader Parse(Guid collectionId)
        {
            header.RequireIdentity(SegmentFormat.Magic, SegmentFormat.VersionOffset, SegmentFormat.OldestVersion, SegmentFormat.Version);
            header.RequireHeader(SegmentFormat.RingEndsOffset, $"{SegmentFormat.RingEndsOffset}");
            var (rings, planes) = CheckCounts();
            var length = SegmentFormat.HeaderLength(rings, planes);
            header.RequireHeader(length, $"the header's {length} bytes");
            var checksum = header.RequireChecksum(length - sizeof(uint));
            header.RequireCollection(SegmentFormat.CollectionIdOffset, collectionId);
            var layout = ReadLayout(rings, planes);
            var checksums = CheckPlanes(layout);
            header.RequireFileLength(layout.FileLength);
            return new(layout, checksums, checksum);
        }

        private (int Rings, int Planes) CheckCounts()
        {
            var rings = header.U16(SegmentFormat.RingsOffset);
            header.Require(rings is >= 1 and <= NestedDimensions.MaxRings, SegmentFormat.RingsOffset, "the ring count", $"1 to {NestedDimensions.MaxRings}", $"{rings}");
            var planes = header.U16(SegmentFormat.PlanesOffset);
            header.Require(planes >= 1 && planes <= SegmentFormat.MaxPlanes, SegmentFormat.PlanesOffset, "the plane count", $"1 to {SegmentFormat.MaxPlanes}", $"{planes}");
            return (rings, planes);
        }

        private SegmentLayout ReadLayout(int rings, int planes)
        {
            var rows = header.U32(SegmentFormat.RowsOffset);
            header.Require(rows is >= 1 and <= SegmentFormat.MaxRows, SegmentFormat.RowsOffset, "the row count", $"1 to {SegmentFormat.MaxRows}", $"{rows}");
            var full = header.U16(SegmentFormat.FullOffset);
            header.Require(full is (int)Precision.F16 or (int)Precision.F32, SegmentFormat.FullOffset, "the full vectors' precision", "16 or 32", $"{full}");
            var reserved = header.U16(SegmentFormat.ReservedOffset);
            header.Require(reserved == 0, SegmentFormat.ReservedOffset, "the reserved field", "0", $"{reserved}");

            var ends = new int[rings];
            for (var ring = 0; ring < rings; ring++)
            {
                var at = SegmentFormat.RingEndsOffset + sizeof(uint) * ring;
                var least = ring == 0 ? 1 : ends[ring - 1] + 1;
                var end = header.U32(at);
                header.Require(end >= least && end <= NestedDimensions.MaxDimensions, at, $"the end of ring {ring}", $"{least} to {NestedDimensions.MaxDimensions}", $"{end}");
                ends[ring] = (int)end;
            }

            bool int8 = false, bit = false;
            for (var plane = 0; plane < planes; plane++)
            {
                var kind = (PlaneKind)header.U16(EntryOffset(rings, plane) + SegmentFormat.PlaneKindOffset);
                int8 |= kind == PlaneKind.Int8;
                bit |= kind == PlaneKind.Bit;
            }
            var count = SegmentLayout.PlaneCount(rings, int8, bit);
            header.Require(planes == count, SegmentFormat.PlanesOffset, "the plane count", $"{count} for {rings} rings and the kinds present", $"{planes}");
            return new((int)rows, ends, (Precision)full, int8, bit);
        }

        private uint[] CheckPlanes(SegmentLayout layout)
        {
            var checksums = new uint[layout.Planes.Count];
            for (var i = 0; i < checksums.Length; i++)
            {
                var plane = layout.Planes[i];
                var at = EntryOffset(layout.RingEnds.Length, i);
                RequireField(at + SegmentFormat.PlaneKindOffset, i, "kind", (ulong)plane.Kind, header.U16(at + SegmentFormat.PlaneKindOffset));
                RequireField(at + SegmentFormat.PlaneRingOffset, i, "ring", (ulong)plane.Ring, header.U16(at + SegmentFormat.PlaneRingOffset));
                RequireField(at + SegmentFormat.PlaneOffsetOffset, i, "offset", (ulong)plane.Offset, header.U64(at + SegmentFormat.PlaneOffsetOffset));
                RequireField(at + SegmentFormat.PlaneLengthOffset, i, "length", (ulong)plane.Length, header.U64(at + SegmentFormat.PlaneLengthOffset));
                checksums[i] = header.U32(at + SegmentFormat.PlaneChecksumOffset);
            }
            return checksums;
        }

        private static int EntryOffset(int rings, int plane) => SegmentFormat.PlaneTableOffset(rings) + SegmentFormat.PlaneEntryLength * plane;

        private void RequireField(int offset, int plane, string field, ulong expected, ulong found) =>
            header.RequireField(offset, $"the {field} of plane {plane}", expected, found);
    }
}
