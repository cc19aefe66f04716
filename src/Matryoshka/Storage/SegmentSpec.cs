namespace Matryoshka.Storage;

/// <summary>What a collection's segments store of every vector.</summary>
/// <param name="CollectionId">The collection that the segment belongs to; no other opens it.</param>
/// <param name="Dimensions">The ring borders.</param>
/// <param name="Full">Precision of the stored-once vector: f16 or f32.</param>
/// <param name="Int8">Whether int8 planes and their scales are derived.</param>
/// <param name="Bit">Whether bit planes are derived.</param>
internal sealed record SegmentSpec(Guid CollectionId, NestedDimensions Dimensions, Precision Full, bool Int8, bool Bit);

/// <summary>The rows of a segment to be: ids strictly ascending, vectors finite and not zero, of unit length as the index expects them.</summary>
internal interface IVectorRows
{
    int Count { get; }

    long Id(int row);

    /// <summary>Copies <paramref name="count"/> full vectors, one after the other, to the start of <paramref name="destination"/>.</summary>
    void Read(int firstRow, int count, Span<float> destination);
}

/// <summary>What a plane holds. The numbers are the file's.</summary>
internal enum PlaneKind : ushort
{
    /// <summary>i64 a row: the row's id, ascending.</summary>
    Ids = 1,

    /// <summary>One ring of the full vectors, f16 or f32.</summary>
    Full = 2,

    /// <summary>One ring of the int8 codes.</summary>
    Int8 = 3,

    /// <summary>f32 a row: component = code * scale, for all rings.</summary>
    Int8Scale = 4,

    /// <summary>One ring of the sign bits, each row padded to whole bytes.</summary>
    Bit = 5,

    /// <summary>f32 a row: 1 / L2 norm of the stored vector's prefix that ends with this ring; 0 where that prefix is zero.</summary>
    InverseNorm = 6,
}
