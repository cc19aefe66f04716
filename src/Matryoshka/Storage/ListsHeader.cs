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
        return new Parser(new(path, bytes[..file.ReadAt(0, bytes)], file.Length)).Parse(collectionId);
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

    private readonly ref struct Parser(HeaderBytes header)
    {
        private readonly HeaderBytes header = header;

        public ListsHeader Parse(Guid collectionId)
        {
            header.RequireIdentity(ListsFormat.Magic, ListsFormat.VersionOffset, ListsFormat.OldestVersion, ListsFormat.Version);
            header.RequireHeader(ListsFormat.HeaderLength, $"the header's {ListsFormat.HeaderLength} bytes");
            header.RequireChecksum(ListsFormat.HeaderChecksumOffset);
            header.RequireCollection(ListsFormat.CollectionIdOffset, collectionId);
            var rows = Count(ListsFormat.RowsOffset, "the row count", SegmentFormat.MaxRows);
            var dimensions = Count(ListsFormat.DimensionsOffset, "the dimensions", NestedDimensions.MaxDimensions);
            var lists = Count(ListsFormat.ListsOffset, "the number of lists", Math.Min(ListsFormat.MaxLists, rows));
            var postings = header.U32(ListsFormat.PostingsOffset);
            header.Require(postings is > 0 && postings % ListsView.Group == 0 && postings <= ListsFormat.MaxPostings(rows, lists), ListsFormat.PostingsOffset, "the number of postings",
                $"a multiple of {ListsView.Group} up to {ListsFormat.MaxPostings(rows, lists)}", $"{postings}");
            var layout = new ListsLayout(rows, dimensions, lists, postings, Count(ListsFormat.TrainedOffset, "the rows clustered", SegmentFormat.MaxRows));
            header.RequireField(ListsFormat.ReservedOffset, "the reserved field", 0, header.U32(ListsFormat.ReservedOffset));
            var checksums = new uint[ListsFormat.Planes];
            for (var plane = 0; plane < checksums.Length; plane++)
                checksums[plane] = CheckPlane(plane, layout);
            header.RequireFileLength(layout.FileLength);
            return new(layout, header.U32(ListsFormat.SegmentOffset), checksums);
        }

        private int Count(int offset, string what, int most)
        {
            var value = header.U32(offset);
            header.Require(value >= 1 && value <= most, offset, what, $"1 to {most}", $"{value}");
            return (int)value;
        }

        private uint CheckPlane(int plane, ListsLayout layout)
        {
            var (entry, name) = (ListsFormat.PlaneTableOffset + plane * ListsFormat.PlaneEntryLength, ListsLayout.Names[plane]);
            header.RequireField(entry + ListsFormat.PlaneReservedOffset, $"the reserved field of {name}", 0, header.U32(entry + ListsFormat.PlaneReservedOffset));
            header.RequireField(entry + ListsFormat.PlaneOffsetOffset, $"the offset of {name}", (ulong)layout.Start(plane), header.U64(entry + ListsFormat.PlaneOffsetOffset));
            header.RequireField(entry + ListsFormat.PlaneLengthOffset, $"the length of {name}", (ulong)layout.Length(plane), header.U64(entry + ListsFormat.PlaneLengthOffset));
            return header.U32(entry + ListsFormat.PlaneChecksumOffset);
        }
    }
}
