using System.Buffers.Binary;
using System.Globalization;

namespace Matryoshka.Storage;

/// <summary>A binary file's header being read: its fields, little-endian, and the checks that all headers have in common.</summary>
internal readonly ref struct HeaderBytes(string path, ReadOnlySpan<byte> bytes, long fileLength)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;

    public ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    /// <exception cref="CorruptFileException">It does not hold.</exception>
    public void Require(bool holds, long offset, string what, string expected, string found)
    {
        if (!holds)
            throw new CorruptFileException(path, offset, what, expected, found);
    }

    public void RequireField(int offset, string what, ulong expected, ulong found) => Require(found == expected, offset, what, $"{expected}", $"{found}");

    public void RequireHeader(int length, string what) => Require(bytes.Length >= length, 0, "the file's length", $"at least {what}", $"{fileLength}");

    public void RequireFileLength(long expected) => Require(fileLength == expected, fileLength, "the file's length", $"{expected}", $"{fileLength}");

    /// <summary>Checks the magic, with which a file begins, and the version.</summary>
    /// <exception cref="FormatTooOldException">The format is older than can be read.</exception>
    /// <exception cref="FormatTooNewException">The format is newer than is known.</exception>
    public void RequireIdentity(ReadOnlySpan<byte> magic, int versionOffset, uint oldest, uint newest)
    {
        var identity = versionOffset + sizeof(uint);
        RequireHeader(identity, $"{identity}");
        var found = bytes[..magic.Length];
        Require(found.SequenceEqual(magic), 0, "the magic", Convert.ToHexString(magic), Convert.ToHexString(found));
        var version = U32(versionOffset);
        if (version < oldest)
            throw new FormatTooOldException(path, version, oldest);
        if (version > newest)
            throw new FormatTooNewException(path, version, newest);
    }

    /// <summary>Compares the CRC-32C that is stored at an offset with that of all bytes before it.</summary>
    /// <returns>The checksum.</returns>
    public uint RequireChecksum(int offset)
    {
        var (stored, checksum) = (U32(offset), Crc32C.Of(bytes[..offset]));
        Require(stored == checksum, offset, "the header's checksum", Hex(checksum), Hex(stored));
        return checksum;
    }

    public void RequireCollection(int offset, Guid expected)
    {
        var id = new Guid(bytes.Slice(offset, 16), bigEndian: true);
        Require(id == expected, offset, "the collection's id", expected.ToString(), id.ToString());
    }

    private static string Hex(uint value) => value.ToString("X8", CultureInfo.InvariantCulture);
}
