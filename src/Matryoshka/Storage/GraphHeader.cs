using System.Buffers.Binary;
using System.Globalization;

namespace Matryoshka.Storage;

/// <summary>A graph file's header, read and found consistent with itself, with the collection and with the file's length.</summary>
internal sealed record GraphHeader(GraphLayout Layout, uint Segment, byte[] Parameters, uint EntriesChecksum, uint NeighboursChecksum)
{
    /// <exception cref="CorruptFileException">The file is damaged, cut, or another collection's.</exception>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    public static GraphHeader Read(IReadableFile file, string path, Guid collectionId)
    {
        Span<byte> bytes = stackalloc byte[GraphFormat.HeaderLength];
        return new Parser(path, bytes[..file.ReadAt(0, bytes)], file.Length).Parse(collectionId);
    }

    private readonly ref struct Parser(string path, ReadOnlySpan<byte> bytes, long fileLength)
    {
        private readonly ReadOnlySpan<byte> bytes = bytes;

        public GraphHeader Parse(Guid collectionId)
        {
            CheckIdentity();
            var stored = U32(GraphFormat.HeaderChecksumOffset);
            var checksum = Crc32C.Of(bytes[..GraphFormat.HeaderChecksumOffset]);
            Require(stored == checksum, GraphFormat.HeaderChecksumOffset, "the header's checksum", Hex(checksum), Hex(stored));
            var id = new Guid(bytes.Slice(GraphFormat.CollectionIdOffset, 16), bigEndian: true);
            Require(id == collectionId, GraphFormat.CollectionIdOffset, "the collection's id", collectionId.ToString(), id.ToString());
            var layout = new GraphLayout(
                Count(GraphFormat.RowsOffset, "the row count", SegmentFormat.MaxRows),
                Count(GraphFormat.DegreeOffset, "the neighbour slots of a row", GraphFormat.MaxDegree),
                Count(GraphFormat.EntriesOffset, "the number of entries", GraphFormat.MaxEntries));
            RequireField(GraphFormat.ReservedOffset, "the reserved field", 0, U32(GraphFormat.ReservedOffset));
            var entries = CheckPlane(GraphFormat.PlaneTableOffset, "the entries", layout.EntriesStart, layout.EntriesLength);
            var neighbours = CheckPlane(GraphFormat.PlaneTableOffset + GraphFormat.PlaneEntryLength, "the neighbours", layout.NeighboursStart, layout.NeighboursLength);
            Require(fileLength == layout.FileLength, fileLength, "the file's length", $"{layout.FileLength}", $"{fileLength}");
            return new(layout, U32(GraphFormat.SegmentOffset), bytes.Slice(GraphFormat.ParametersOffset, GraphFormat.ParameterBytes).ToArray(), entries, neighbours);
        }

        private void CheckIdentity()
        {
            var identity = GraphFormat.VersionOffset + sizeof(uint);
            Require(bytes.Length >= identity, 0, "the file's length", $"at least {identity}", $"{fileLength}");
            var magic = bytes[..GraphFormat.Magic.Length];
            Require(magic.SequenceEqual(GraphFormat.Magic), 0, "the magic", Convert.ToHexString(GraphFormat.Magic), Convert.ToHexString(magic));
            var version = U32(GraphFormat.VersionOffset);
            if (version < GraphFormat.OldestVersion)
                throw new FormatTooOldException(path, version, GraphFormat.OldestVersion);
            if (version > GraphFormat.Version)
                throw new FormatTooNewException(path, version, GraphFormat.Version);
            Require(bytes.Length >= GraphFormat.HeaderLength, 0, "the file's length", $"at least the header's {GraphFormat.HeaderLength} bytes", $"{fileLength}");
        }

        private int Count(int offset, string what, int most)
        {
            var value = U32(offset);
            Require(value >= 1 && value <= most, offset, what, $"1 to {most}", $"{value}");
            return (int)value;
        }

        private uint CheckPlane(int entry, string plane, long offset, long length)
        {
            RequireField(entry + GraphFormat.PlaneReservedOffset, $"the reserved field of {plane}", 0, U32(entry + GraphFormat.PlaneReservedOffset));
            RequireField(entry + GraphFormat.PlaneOffsetOffset, $"the offset of {plane}", (ulong)offset, U64(entry + GraphFormat.PlaneOffsetOffset));
            RequireField(entry + GraphFormat.PlaneLengthOffset, $"the length of {plane}", (ulong)length, U64(entry + GraphFormat.PlaneLengthOffset));
            return U32(entry + GraphFormat.PlaneChecksumOffset);
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
