using System.Runtime.CompilerServices;
using Matryoshka.Kernels;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>Scores rows of segments at one prefix, by int8 codes or full vectors.</summary>
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
            long bytes = precision == Precision.Int8 ? 8 : 4;
            for (var ring = 0; ring < rings.Length; ring++)
                bytes += (Width(ring) * (long)precision + 7) / 8;
            return bytes;
        }
    }

    /// <inheritdoc cref="RowScan.PickedRowCost"/>
    public int PickedRowCost => precision == Precision.Int8 ? 4 : 5;

    /// <summary>Turns to a segment's planes.</summary>
    public void Bind(Segment segment)
    {
        var kind = precision == Precision.Int8 ? PlaneKind.Int8 : PlaneKind.Full;
        for (var ring = 0; ring < rings.Length; ring++)
        {
            var plane = Resident(segment, kind, ring);
            var part = precision == Precision.Int8 ? query.Codes(ring) : query.Floats(ring);
            rings[ring] = new(plane.Pointer, plane.Stride, part, Width(ring));
        }
        var factor = precision == Precision.Int8 ? query.CodeScale * queryInverseNorm : queryInverseNorm;
        Blocks.Bind(rings, InverseNorms(segment, dimensions, prefix), (float*)Resident(segment, PlaneKind.Int8Scale, 0).Pointer, factor,
            ColdRows.For(segment, kind, rings.Length));
    }

    // What is not in memory is read by ColdRows.
    private static PlaneMemory Resident(Segment segment, PlaneKind kind, int ring) => segment.IsResident(kind, ring) ? segment.PlanePointer(kind, ring) : default;

    /// <summary>1 / L2 norm of each row's prefix.</summary>
    public static float* InverseNorms(Segment segment, NestedDimensions dimensions, int prefix) => dimensions.LastRing(prefix) is var ring && dimensions.Rings[ring] == prefix
        ? (float*)segment.PlanePointer(PlaneKind.InverseNorm, ring).Pointer
        : (float*)Unsafe.AsPointer(ref PrefixNorms.Of(segment, prefix)[0]);

    private int Width(int ring) => Math.Min(dimensions.Rings[ring], prefix) - dimensions.RingStart(ring);
}
