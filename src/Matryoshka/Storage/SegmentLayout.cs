using Matryoshka.Vectors;

namespace Matryoshka.Storage;

/// <summary>One plane of a segment file.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Ring">The ring it covers; 0 for planes that belong to whole rows.</param>
/// <param name="RowBytes">Bytes a row.</param>
/// <param name="Offset">First byte in the file, a multiple of 64.</param>
/// <param name="Length">Bytes without the padding that follows.</param>
internal readonly record struct SegmentPlane(PlaneKind Kind, int Ring, int RowBytes, long Offset, long Length);

/// <summary>
/// Where everything in a segment file lies. It follows from the counts alone, so the writer computes it before the
/// first byte and the reader compares a file's table with it, entry by entry.
/// </summary>
internal sealed class SegmentLayout
{
    private readonly int[] ringEnds;

    public SegmentLayout(int rows, ReadOnlySpan<int> ringEnds, Precision full, bool int8, bool bit)
    {
        Rows = rows;
        Full = full;
        HasInt8 = int8;
        HasBit = bit;
        this.ringEnds = ringEnds.ToArray();
        var rings = ringEnds.Length;
        HeaderLength = SegmentFormat.HeaderLength(rings, PlaneCount(rings, int8, bit));
        var planes = new List<SegmentPlane>(PlaneCount(rings, int8, bit));
        var offset = SegmentFormat.Align(HeaderLength);
        Add(PlaneKind.Ids, 0, sizeof(long));
        for (var ring = 0; ring < rings; ring++)
            Add(PlaneKind.Full, ring, RingWidth(ring) * (full == Precision.F16 ? sizeof(ushort) : sizeof(float)));
        if (int8)
        {
            for (var ring = 0; ring < rings; ring++)
                Add(PlaneKind.Int8, ring, RingWidth(ring));
            Add(PlaneKind.Int8Scale, 0, sizeof(float));
        }
        for (var ring = 0; bit && ring < rings; ring++)
            Add(PlaneKind.Bit, ring, BitCodec.Bytes(RingWidth(ring)));
        for (var ring = 0; ring < rings; ring++)
            Add(PlaneKind.InverseNorm, ring, sizeof(float));
        Planes = planes;
        FileLength = offset;

        void Add(PlaneKind kind, int ring, int rowBytes)
        {
            var length = checked((long)rows * rowBytes);
            planes.Add(new(kind, ring, rowBytes, offset, length));
            offset = checked(SegmentFormat.Align(offset + length));
        }
    }

    public static SegmentLayout Of(SegmentSpec spec, int rows)
    {
        if (spec.Full is not (Precision.F16 or Precision.F32))
            throw new MatryoshkaException($"Full vectors cannot be stored as {spec.Full}; F16 and F32 are allowed.");
        if (rows is < 1 or > SegmentFormat.MaxRows)
            throw new MatryoshkaException($"A segment of {rows} rows was asked for; 1 to {SegmentFormat.MaxRows} are allowed.");
        return new(rows, [.. spec.Dimensions.Dimensions], spec.Full, spec.Int8, spec.Bit);
    }

    public int Rows { get; }

    public Precision Full { get; }

    public bool HasInt8 { get; }

    public bool HasBit { get; }

    /// <summary>The component after each ring, ascending; the last is the full dimension.</summary>
    public ReadOnlySpan<int> RingEnds => ringEnds;

    public int FullDimension => ringEnds[^1];

    public int HeaderLength { get; }

    public long FileLength { get; }

    /// <summary>All planes in file order.</summary>
    public IReadOnlyList<SegmentPlane> Planes { get; }

    public int RingStart(int ring) => ring == 0 ? 0 : ringEnds[ring - 1];

    public int RingWidth(int ring) => ringEnds[ring] - RingStart(ring);

    /// <summary>The plane's place in <see cref="Planes"/>, or -1 where the segment has no such plane.</summary>
    public int IndexOf(PlaneKind kind, int ring)
    {
        var rings = ringEnds.Length;
        if ((uint)ring >= (uint)rings)
            return -1;
        var afterFull = 1 + rings;
        var afterInt8 = afterFull + (HasInt8 ? rings + 1 : 0);
        var afterBit = afterInt8 + (HasBit ? rings : 0);
        return kind switch
        {
            PlaneKind.Ids when ring == 0 => 0,
            PlaneKind.Full => 1 + ring,
            PlaneKind.Int8 when HasInt8 => afterFull + ring,
            PlaneKind.Int8Scale when HasInt8 && ring == 0 => afterInt8 - 1,
            PlaneKind.Bit when HasBit => afterInt8 + ring,
            PlaneKind.InverseNorm => afterBit + ring,
            _ => -1,
        };
    }

    /// <summary>Planes of a segment: ids, full vectors and norms always; codes where derived.</summary>
    public static int PlaneCount(int rings, bool int8, bool bit) => 1 + rings + (int8 ? rings + 1 : 0) + (bit ? rings : 0) + rings;
}
