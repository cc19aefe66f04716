namespace Matryoshka;

/// <summary>What a collection is made of, at one commit.</summary>
public sealed record CollectionInfo
{
    /// <summary>The folder.</summary>
    public required string Directory { get; init; }

    /// <summary>The recipe whose vectors it holds.</summary>
    public required ModelRecipe Recipe { get; init; }

    /// <summary>Precision of the stored full vectors.</summary>
    public required Precision FullPrecision { get; init; }

    /// <summary>Live records.</summary>
    public required long Records { get; init; }

    /// <summary>Live records whose vectors still wait in the catalogue.</summary>
    public required long Pending { get; init; }

    /// <summary>Rows in segments that are deleted or replaced; a compaction drops them.</summary>
    public required long DeadRows { get; init; }

    /// <summary>Sources indexed.</summary>
    public required long Sources { get; init; }

    /// <summary>The sealed files.</summary>
    public required IReadOnlyList<SegmentInfo> Segments { get; init; }

    /// <summary>Every plane with its bytes over all segments.</summary>
    public required IReadOnlyList<PlaneInfo> Planes { get; init; }

    /// <summary>Bytes of planes and lists kept in memory at most, as the collection was opened; null for all of them.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>Bytes of planes and lists that are kept in memory; those of other planes are read on demand.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Bytes of the catalogue database: texts, metadata and the keyword index.</summary>
    public required long CatalogBytes { get; init; }

    /// <summary>Whether texts are indexed for keyword search.</summary>
    public required bool Keywords { get; init; }

    /// <summary>The plan a search runs when it names none.</summary>
    public required SearchPlan DefaultPlan { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset Created { get; init; }
}

/// <summary>One sealed file.</summary>
/// <param name="File">Its name in the <c>segments</c> folder.</param>
/// <param name="Rows">Its rows, dead ones included.</param>
/// <param name="DeadRows">Rows deleted or replaced.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="ListsBytes">The length of the file of its inverted lists; null when it has none, or one that cannot be read.</param>
public sealed record SegmentInfo(string File, long Rows, long DeadRows, long Bytes, long? ListsBytes);

/// <summary>One plane, summed over all segments.</summary>
/// <param name="Kind">What it holds: <c>full</c>, <c>int8</c>, <c>bit</c>, <c>norm</c>, <c>scale</c>, <c>id</c> or <c>lists</c>.</param>
/// <param name="FirstDimension">First component of the ring, inclusive; null for planes that are not by ring.</param>
/// <param name="LastDimension">Last component of the ring, exclusive.</param>
/// <param name="Bytes">Bytes over all segments.</param>
/// <param name="ResidentBytes">Those of the segments that keep it in memory; the others read it on demand.</param>
public sealed record PlaneInfo(string Kind, int? FirstDimension, int? LastDimension, long Bytes, long ResidentBytes);
