using System.Buffers.Binary;
using System.Globalization;
using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>A lists file's header, read and found consistent with itself, with the collection and with the file's length.</summary>
internal sealed record ListsHeader(ListsLayout Layout, uint Segment, uint[] Checksums)
{
    /// <exception cref="CorruptFileException">The file is damaged, cut, or another collection's.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    public static ListsHeader Read(IReadableFile file, string path, Guid collectionId)
    {
        Span<byte> bytes = stackalloc byte[ListsFormat.HeaderLength];
        return new Parser(path, bytes[..file.ReadAt(0, bytes)], file.Length).Parse(collectionId);
    }

    /// <summary>Refuses lists over other rows than the segment's: their numbers would be in range and mean nothing.</summary>
    public void RequireSegment(string path, uint checksum, int rows, int dimensions)
    {
        Require(Segment == checksum, ListsFormat.SegmentOffset, "the segment's checksum", $"{checksum:X8}", $"{Segment:X8}");
        Require(Layout.Rows == rows, ListsFormat.RowsOffset, "the row count", $"{rows}", $"{Layout.Rows}");
        Require(Layout.Dimensions == dimensions, ListsFormat.DimensionsOffset, "the dimensions", $"{dimensions}", $"{Layout.Dimensions}");

        void Require(bool holds, int offset, string what, string expected, string found)
        {
            if (!holds)
                throw new CorruptFileException(path, offset, what, expected, found);
        }
    }

    private readonly ref struct Parser(string path, ReadOnlySpan<byte> bytes, long fileLength)
    {
        private readonly ReadOnlySpan<byte> bytes = bytes;

        public ListsHeader Parse(Guid collectionId)
        {
            CheckIdentity();
            var stored = U32(ListsFormat.HeaderChecksumOffset);
            var checksum = Crc32C.Of(bytes[..ListsFormat.HeaderChecksumOffset]);
            Require(stored == checksum, ListsFormat.HeaderChecksumOffset, "the header's checksum", Hex(checksum), Hex(stored));
            var id = new Guid(bytes.Slice(ListsFormat.CollectionIdOffset, 16), bigEndian: true);
            Require(id == collectionId, ListsFormat.CollectionIdOffset, "the collection's id", collectionId.ToString(), id.ToString());
            var rows = Count(ListsFormat.RowsOffset, "the row count", SegmentFormat.MaxRows);
            var dimensions = Count(ListsFormat.DimensionsOffset, "the dimensions", NestedDimensions.MaxDimensions);
            var lists = Count(ListsFormat.ListsOffset, "the number of lists", Math.Min(ListsFormat.MaxLists, rows));
            var postings = U32(ListsFormat.PostingsOffset);
            Require(postings is > 0 && postings % ListsView.Group == 0 && postings <= ListsFormat.MaxPostings(rows, lists), ListsFormat.PostingsOffset, "the number of postings",
                $"a multiple of {ListsView.Group} up to {ListsFormat.MaxPostings(rows, lists)}", $"{postings}");
            var layout = new ListsLayout(rows, dimensions, lists, postings, Count(ListsFormat.TrainedOffset, "the rows clustered", SegmentFormat.MaxRows));
            RequireField(ListsFormat.ReservedOffset, "the reserved field", 0, U32(ListsFormat.ReservedOffset));
            var checksums = new uint[ListsFormat.Planes];
            for (var plane = 0; plane < checksums.Length; plane++)
                checksums[plane] = CheckPlane(plane, layout);
            Require(fileLength == layout.FileLength, fileLength, "the file's length", $"{layout.FileLength}", $"{fileLength}");
            return new(layout, U32(ListsFormat.SegmentOffset), checksums);
        }

        private void CheckIdentity()
        {
            var identity = ListsFormat.VersionOffset + sizeof(uint);
            Require(bytes.Length >= identity, 0, "the file's length", $"at least {identity}", $"{fileLength}");
            var magic = bytes[..ListsFormat.Magic.Length];
            Require(magic.SequenceEqual(ListsFormat.Magic), 0, "the magic", Convert.ToHexString(ListsFormat.Magic), Convert.ToHexString(magic));
            var version = U32(ListsFormat.VersionOffset);
            if (version < ListsFormat.OldestVersion)
                throw new FormatTooOldException(path, version, ListsFormat.OldestVersion);
            if (version > ListsFormat.Version)
                throw new FormatTooNewException(path, version, ListsFormat.Version);
            Require(bytes.Length >= ListsFormat.HeaderLength, 0, "the file's length", $"at least the header's {ListsFormat.HeaderLength} bytes", $"{fileLength}");
        }

        private int Count(int offset, string what, int most)
        {
            var value = U32(offset);
            Require(value >= 1 && value <= most, offset, what, $"1 to {most}", $"{value}");
            return (int)value;
        }

        private uint CheckPlane(int plane, ListsLayout layout)
        {
            var (entry, name) = (ListsFormat.PlaneTableOffset + plane * ListsFormat.PlaneEntryLength, ListsLayout.Names[plane]);
            RequireField(entry + ListsFormat.PlaneReservedOffset, $"the reserved field of {name}", 0, U32(entry + ListsFormat.PlaneReservedOffset));
            RequireField(entry + ListsFormat.PlaneOffsetOffset, $"the offset of {name}", (ulong)layout.Start(plane), U64(entry + ListsFormat.PlaneOffsetOffset));
            RequireField(entry + ListsFormat.PlaneLengthOffset, $"the length of {name}", (ulong)layout.Length(plane), U64(entry + ListsFormat.PlaneLengthOffset));
            return U32(entry + ListsFormat.PlaneChecksumOffset);
        }

        private static string Hex(uint value) => value.ToString("X8", CultureInfo.InvariantCulture);

        private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

        private ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

        private void RequireField(int offset, string what, ulong expected, ulong found) =>
            Require(found == expected, offset, what, $"{expected}", $"{found}");

        private void Require(bool holds, long offset, string what, string expected, string found)
        {
            if (!holds)
                throw new CorruptFileException(path, offset, what, expected, found);
        }
    }
}
