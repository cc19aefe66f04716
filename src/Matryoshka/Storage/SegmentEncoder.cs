using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Matryoshka.Vectors;

namespace Matryoshka.Storage;

/// <summary>
/// Turns one block of vectors into the bytes of every plane but the ids. Writer, memory image and verifier all encode
/// here, so a derived plane can be compared with its recomputation byte by byte. Scalar arithmetic in a fixed order:
/// the same vectors give the same bytes on every machine.
/// </summary>
internal sealed class SegmentEncoder
{
    // Half a mebibyte of f32: block, halves and scratch together stay in a core's second-level cache.
    private const int BlockComponents = 128 * 1024;
    private const int MaxBlockRows = 1024;

    private readonly SegmentLayout layout;
    private readonly float[] vectors;
    private readonly ushort[] halves;
    private readonly float[] inverseNorms;
    private readonly float[] scales;
    private readonly byte[] scratch;
    private int count;

    public SegmentEncoder(SegmentLayout layout)
    {
        this.layout = layout;
        BlockRows = Math.Min(Math.Clamp(BlockComponents / layout.FullDimension, 1, MaxBlockRows), layout.Rows);
        vectors = new float[BlockRows * layout.FullDimension];
        halves = layout.Full == Precision.F16 ? new ushort[vectors.Length] : [];
        inverseNorms = new float[BlockRows * layout.RingEnds.Length];
        scales = new float[BlockRows];
        scratch = new byte[BlockRows * layout.Planes.Max(plane => plane.RowBytes)];
    }

    /// <summary>The most rows a block can hold.</summary>
    public int BlockRows { get; }

    /// <summary>Where the caller puts the vectors of the next block; after <see cref="Load"/> they hold the values as stored.</summary>
    public Span<float> Vectors(int rows) => vectors.AsSpan(0, rows * layout.FullDimension);

    /// <summary>Rounds the block's vectors to the stored precision and measures what was rounded.</summary>
    /// <exception cref="InvalidVectorException">A vector is not finite, or zero, at the stored precision.</exception>
    public void Load(int rows, int firstRow)
    {
        count = rows;
        var block = Vectors(rows);
        if (layout.Full == Precision.F16)
        {
            HalfCodec.Encode(block, halves);
            HalfCodec.Decode(halves.AsSpan(0, block.Length), block);
        }
        for (var row = 0; row < rows; row++)
        {
            var maxAbs = Measure(row);
            if (!float.IsFinite(maxAbs))
                throw new InvalidVectorException($"The vector of row {firstRow + row} has a component that is not finite as {layout.Full}; only finite vectors can be stored.");
            if (maxAbs == 0)
                throw new InvalidVectorException($"The vector of row {firstRow + row} is zero as {layout.Full}; only vectors with a direction can be stored.");
            scales[row] = Int8Codec.ScaleOf(maxAbs);
        }
    }

    /// <summary>The loaded rows' part of a plane; valid until the next call.</summary>
    public ReadOnlySpan<byte> Encode(in SegmentPlane plane)
    {
        var ring = plane.Ring;
        return plane.Kind switch
        {
            PlaneKind.Full when layout.Full == Precision.F16 => Gather<ushort>(halves, ring),
            PlaneKind.Full => Gather<float>(vectors, ring),
            PlaneKind.Int8 => EncodeInt8(plane),
            PlaneKind.Int8Scale => MemoryMarshal.AsBytes(scales.AsSpan(0, count)),
            PlaneKind.Bit => EncodeBits(plane),
            PlaneKind.InverseNorm => MemoryMarshal.AsBytes(inverseNorms.AsSpan(ring * BlockRows, count)),
            _ => throw new InvalidOperationException($"The plane {plane.Kind} is not made of vectors."),
        };
    }

    private ReadOnlySpan<byte> Gather<T>(ReadOnlySpan<T> source, int ring) where T : unmanaged
    {
        var (start, width, full) = (layout.RingStart(ring), layout.RingWidth(ring), layout.FullDimension);
        var bytes = scratch.AsSpan(0, count * width * Unsafe.SizeOf<T>());
        var target = MemoryMarshal.Cast<byte, T>(bytes);
        for (var row = 0; row < count; row++)
            source.Slice(row * full + start, width).CopyTo(target[(row * width)..]);
        return bytes;
    }

    private ReadOnlySpan<byte> EncodeInt8(in SegmentPlane plane)
    {
        var (start, width) = (layout.RingStart(plane.Ring), layout.RingWidth(plane.Ring));
        var bytes = scratch.AsSpan(0, count * plane.RowBytes);
        var codes = MemoryMarshal.Cast<byte, sbyte>(bytes);
        for (var row = 0; row < count; row++)
            Int8Codec.Encode(vectors.AsSpan(row * layout.FullDimension + start, width), scales[row], codes[(row * width)..]);
        return bytes;
    }

    private ReadOnlySpan<byte> EncodeBits(in SegmentPlane plane)
    {
        var (start, width) = (layout.RingStart(plane.Ring), layout.RingWidth(plane.Ring));
        var bytes = scratch.AsSpan(0, count * plane.RowBytes);
        for (var row = 0; row < count; row++)
            BitCodec.Encode(vectors.AsSpan(row * layout.FullDimension + start, width), bytes[(row * plane.RowBytes)..]);
        return bytes;
    }

    /// <summary>Fills the row's inverse norms, ring by ring, and returns its largest magnitude (not finite if any component is not).</summary>
    private float Measure(int row)
    {
        var vector = vectors.AsSpan(row * layout.FullDimension, layout.FullDimension);
        var sum = 0.0;
        for (var ring = 0; ring < layout.RingEnds.Length; ring++)
        {
            sum += SumOfSquares(vector.Slice(layout.RingStart(ring), layout.RingWidth(ring)));
            var inverse = (float)(1 / Math.Sqrt(sum));
            inverseNorms[ring * BlockRows + row] = float.IsFinite(inverse) ? inverse : 0;
        }
        return LargestMagnitude(vector);
    }

    // Squares of floats are exact in double; four running sums, added in this order, are the format's definition of the
    // norm's last bit.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(ReadOnlySpan<float> x)
    {
        double a = 0, b = 0, c = 0, d = 0;
        var i = 0;
        for (; i + 3 < x.Length; i += 4)
        {
            double p = x[i], q = x[i + 1], r = x[i + 2], s = x[i + 3];
            a += p * p;
            b += q * q;
            c += r * r;
            d += s * s;
        }
        for (; i < x.Length; i++)
            a += (double)x[i] * x[i];
        return a + b + (c + d);
    }

    // Magnitudes compared as integers: their order is the floats', with infinity and NaN on top.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LargestMagnitude(ReadOnlySpan<float> x)
    {
        const int Magnitude = 0x7FFF_FFFF;
        int a = 0, b = 0;
        var i = 0;
        for (; i + 1 < x.Length; i += 2)
        {
            a = Math.Max(a, BitConverter.SingleToInt32Bits(x[i]) & Magnitude);
            b = Math.Max(b, BitConverter.SingleToInt32Bits(x[i + 1]) & Magnitude);
        }
        if (i < x.Length)
            a = Math.Max(a, BitConverter.SingleToInt32Bits(x[i]) & Magnitude);
        return BitConverter.Int32BitsToSingle(Math.Max(a, b));
    }
}
