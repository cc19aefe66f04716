using System.Runtime.CompilerServices;
using Matryoshka.Kernels;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>Scores rows of segments at one prefix and precision.</summary>
internal sealed unsafe class StageScorer
{
    private readonly QueryVector query;
    private readonly NestedDimensions dimensions;
    private readonly Precision precision;
    private readonly int prefix;
    private readonly float queryInverseNorm;
    private readonly Ring[] rings;

    public StageScorer(QueryVector query, NestedDimensions dimensions, Precision precision, int prefix)
    {
        this.query = query;
        this.dimensions = dimensions;
        this.precision = precision;
        this.prefix = prefix;
        queryInverseNorm = query.InverseNorm(prefix);
        rings = new Ring[dimensions.LastRing(prefix) + 1];
        Blocks = new(precision);
    }

    public BlockScorer Blocks { get; }

    /// <summary>Bytes of planes that scoring one row reads.</summary>
    public long BytesPerRow
    {
        get
        {
            long bytes = precision switch { Precision.Bit => 0, Precision.Int8 => 8, _ => 4 };
            for (var ring = 0; ring < rings.Length; ring++)
                bytes += (Width(ring) * (long)precision + 7) / 8;
            return bytes;
        }
    }

    /// <summary>
    /// What a row picked out by number costs, in rows of a scan: benchmarks/results/filter.md. A filter that lets through less
    /// than one row in so many is scored row by row; above, scanning all and dropping the others is faster.
    /// </summary>
    public int PickedRowCost => precision switch { Precision.Bit => 10, Precision.Int8 => 4, _ => 5 };

    /// <summary>Turns to a segment's planes.</summary>
    public void Bind(Segment segment)
    {
        var kind = precision switch { Precision.Bit => PlaneKind.Bit, Precision.Int8 => PlaneKind.Int8, _ => PlaneKind.Full };
        for (var ring = 0; ring < rings.Length; ring++)
        {
            var plane = Resident(segment, kind, ring);
            var part = precision switch { Precision.Bit => query.Bits(ring), Precision.Int8 => query.Codes(ring), _ => query.Floats(ring) };
            rings[ring] = new(plane.Pointer, plane.Stride, part, Width(ring));
        }
        var factor = precision == Precision.Int8 ? query.CodeScale * queryInverseNorm : queryInverseNorm;
        Blocks.Bind(rings, precision == Precision.Bit ? null : InverseNorms(segment, dimensions, prefix), (float*)Resident(segment, PlaneKind.Int8Scale, 0).Pointer, factor,
            ColdRows.For(segment, kind, rings.Length));
    }

    /// <summary>
    /// The cosine that a block's score stands for. The share of differing signs estimates the angle: cos(pi * h / d).
    /// Charikar, "Similarity estimation techniques from rounding algorithms" (STOC 2002).
    /// </summary>
    public float Cosine(float score) => precision == Precision.Bit ? (float)Math.Cos(Math.PI * -score / prefix) : score;

    // What is not in memory is read by ColdRows.
    private static PlaneMemory Resident(Segment segment, PlaneKind kind, int ring) => segment.IsResident(kind, ring) ? segment.PlanePointer(kind, ring) : default;

    /// <summary>1 / L2 norm of each row's prefix.</summary>
    public static float* InverseNorms(Segment segment, NestedDimensions dimensions, int prefix) => dimensions.LastRing(prefix) is var ring && dimensions.Rings[ring] == prefix
        ? (float*)segment.PlanePointer(PlaneKind.InverseNorm, ring).Pointer
        : (float*)Unsafe.AsPointer(ref PrefixNorms.Of(segment, prefix)[0]);

    private int Width(int ring) => Math.Min(dimensions.Rings[ring], prefix) - dimensions.RingStart(ring);
}
