using System.Buffers.Binary;
using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>
/// A lists file, version 1: inverted lists over the rows of one segment (<see cref="ListsView"/>), written once and never
/// changed. Derived: it can be built again from the segment. All numbers little-endian; offsets are bytes from the start
/// of the file or of the plane's entry.
/// <code>
/// header
///   0    [u8 x 8]   Magic            "MRLLST\r\n"
///   8    [u32]      Version          1; below is too old, above too new, before anything else is read
///   12   [u8 x 16]  CollectionId     as its text form reads
///   28   [u32]      Segment          the header checksum of the segment whose rows these are; it covers every plane's checksum
///   32   [u32]      Rows             of that segment, 1 .. SegmentFormat.MaxRows
///   36   [u32]      Dimensions       the segment's full dimension, 1 .. NestedDimensions.MaxDimensions
///   40   [u32]      Lists            1 .. MaxLists, at most the rows
///   44   [u32]      Postings         P, a multiple of 16, 16 .. MaxPostings of the rows and lists
///   48   [u32]      Trained          rows of the segment whose clustering gave the centroids, 1 .. SegmentFormat.MaxRows
///   52   [u32]      Reserved         0
///   then [plane x 8], in the order below:
///     0  [u32]      PlaneChecksum    CRC-32C of the plane's bytes without padding
///     4  [u32]      PlaneReserved    0
///     8  [u64]      PlaneOffset      in the file; the header's or the plane before's end rounded up to 64
///     16 [u64]      PlaneLength
///   then [u32]      HeaderChecksum   CRC-32C of everything before it
/// planes, then zeros up to a multiple of 64, the last one too
///   starts        [u32 x (2 Lists + 1)]         where each list's two parts begin; ascending multiples of 16 from 0 to P
///   rows          [u32 x P]                     ascending in a part, then 0xFFFFFFFF up to its end
///   factors       [f32 x P]
///   near          [u64 x P x near columns]      by groups of sixteen postings, in each column by column
///   far           [u64 x P x far columns]       posting by posting
///   centroids     [f32 x Lists x Dimensions]
///   codes         [i8 x Lists x Dimensions]     the centroids as int8
///   scales        [f32 x Lists]                 component = code x scale
/// </code>
/// A row stands in exactly one first part and in at most one second part.
/// </summary>
internal static class ListsFormat
{
    public const uint Version = 1;

    public const uint OldestVersion = 1;

    /// <summary>Starts are read and checked whole at opening, so bounded: 512 KiB.</summary>
    public const int MaxLists = 1 << 16;

    public const int VersionOffset = 8;
    public const int CollectionIdOffset = 12;
    public const int SegmentOffset = 28;
    public const int RowsOffset = 32;
    public const int DimensionsOffset = 36;
    public const int ListsOffset = 40;
    public const int PostingsOffset = 44;
    public const int TrainedOffset = 48;
    public const int ReservedOffset = 52;
    public const int PlaneTableOffset = 56;

    public const int PlaneChecksumOffset = 0;
    public const int PlaneReservedOffset = 4;
    public const int PlaneOffsetOffset = 8;
    public const int PlaneLengthOffset = 16;
    public const int PlaneEntryLength = 24;

    public const int Planes = 8;

    public const int HeaderChecksumOffset = PlaneTableOffset + Planes * PlaneEntryLength;
    public const int HeaderLength = HeaderChecksumOffset + sizeof(uint);

    public static ReadOnlySpan<byte> Magic => "MRLLST\r\n"u8;

    /// <summary>Every row in two lists, and each of a list's two parts filled up to a whole group.</summary>
    public static long MaxPostings(int rows, int lists) => Math.Min(2L * rows + 2L * lists * (ListsView.Group - 1), uint.MaxValue / ListsView.Group * ListsView.Group);

    public static byte[] WriteHeader(ListsLayout layout, Guid collectionId, uint segment, ReadOnlySpan<uint> checksums)
    {
        var header = new byte[HeaderLength];
        var bytes = header.AsSpan();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[VersionOffset..], Version);
        collectionId.TryWriteBytes(bytes[CollectionIdOffset..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[SegmentOffset..], segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[RowsOffset..], (uint)layout.Rows);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[DimensionsOffset..], (uint)layout.Dimensions);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ListsOffset..], (uint)layout.Lists);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PostingsOffset..], layout.Postings);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[TrainedOffset..], (uint)layout.Trained);
        for (var plane = 0; plane < Planes; plane++)
        {
            var entry = bytes[(PlaneTableOffset + plane * PlaneEntryLength)..];
            BinaryPrimitives.WriteUInt32LittleEndian(entry[PlaneChecksumOffset..], checksums[plane]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneOffsetOffset..], (ulong)layout.Start(plane));
            BinaryPrimitives.WriteUInt64LittleEndian(entry[PlaneLengthOffset..], (ulong)layout.Length(plane));
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[HeaderChecksumOffset..], Crc32C.Of(bytes[..HeaderChecksumOffset]));
        return header;
    }
}

/// <summary>Where everything in a lists file lies; follows from the counts alone.</summary>
internal sealed class ListsLayout
{
    private readonly long[] lengths;
    private readonly long[] starts = new long[ListsFormat.Planes];

    /// <param name="rows">Rows of the segment.</param>
    /// <param name="dimensions">Its full dimension.</param>
    /// <param name="lists">How many lists.</param>
    /// <param name="postings">Postings of all lists.</param>
    /// <param name="trained">Rows of the segment whose clustering gave the centroids.</param>
    public ListsLayout(int rows, int dimensions, int lists, uint postings, int trained)
    {
        (Rows, Dimensions, Lists, Postings, Trained) = (rows, dimensions, lists, postings, trained);
        var near = ListsView.NearColumnsOf(dimensions);
        var far = ListsView.ColumnsOf(dimensions) - near;
        // At most 2^32 postings of 2^13 bytes, 2^16 lists of 2^18 bytes: far from overflow.
        lengths = [(2L * lists + 1) * sizeof(uint), (long)postings * sizeof(uint), (long)postings * sizeof(float), (long)postings * near * sizeof(ulong), (long)postings * far * sizeof(ulong),
            (long)lists * dimensions * sizeof(float), (long)lists * dimensions, (long)lists * sizeof(float)];
        long at = ListsFormat.HeaderLength;
        for (var plane = 0; plane < lengths.Length; plane++)
        {
            starts[plane] = SegmentFormat.Align(at);
            at = starts[plane] + lengths[plane];
        }
        FileLength = SegmentFormat.Align(at);
    }

    public int Rows { get; }

    public int Dimensions { get; }

    public int Lists { get; }

    public uint Postings { get; }

    public int Trained { get; }

    public long FileLength { get; }

    /// <summary>The planes' names in errors, in order.</summary>
    public static ReadOnlySpan<string> Names => (string[])["the starts", "the rows", "the factors", "the near signs", "the far signs", "the centroids", "the centroids' codes", "the centroids' scales"];

    public long Start(int plane) => starts[plane];

    public long Length(int plane) => lengths[plane];

    /// <summary>The lists of a file in memory.</summary>
    public unsafe ListsView View(byte* file) => new()
    {
        Lists = Lists,
        Rows = Rows,
        Dimensions = Dimensions,
        Trained = Trained,
        Starts = (uint*)(file + starts[0]),
        PostingRows = (uint*)(file + starts[1]),
        Factors = (float*)(file + starts[2]),
        Near = file + starts[3],
        Far = file + starts[4],
        Centroids = (float*)(file + starts[5]),
        CentroidCodes = (sbyte*)(file + starts[6]),
        CentroidScales = (float*)(file + starts[7]),
    };

    /// <summary>The planes of lists in memory, in the file's order.</summary>
    public static unsafe nint[] Planes(ListsView view) =>
        [(nint)view.Starts, (nint)view.PostingRows, (nint)view.Factors, (nint)view.Near, (nint)view.Far, (nint)view.Centroids, (nint)view.CentroidCodes, (nint)view.CentroidScales];
}
