namespace Matryoshka.Lists;

/// <summary>
/// Inverted lists over the rows of a segment, as pointers into memory somebody else keeps. Rows near a centroid stand in
/// its list as postings: the row's number, the signs of what is left of its vector without the centroid, and what a sign
/// is worth. A row stands in two lists (<see cref="ListAssignment"/>), so a search reads few lists.
/// </summary>
internal sealed unsafe class ListsView
{
    /// <summary>The row of a posting that only fills its list up to whole groups of <see cref="Group"/>.</summary>
    public const uint None = uint.MaxValue;

    /// <summary>Postings of a list come in multiples of this, so that kernels need no rest.</summary>
    public const int Group = 16;

    public required int Lists { get; init; }

    /// <summary>Rows of the segment.</summary>
    public required int Rows { get; init; }

    public required int Dimensions { get; init; }

    /// <summary>Rows of the segment whose clustering gave the centroids, which lists that grow from these take over.</summary>
    public required int Trained { get; init; }

    /// <summary>
    /// Two places a list, and behind the last one the number of postings: where the rows begin for which the list is their
    /// first, and where those begin for which it is the second. A search of all lists reads the former only.
    /// </summary>
    public required uint* Starts { get; init; }

    /// <summary>The row of each posting.</summary>
    public required uint* PostingRows { get; init; }

    /// <summary>Estimate of a residual's component by its sign: its squared length over the sum of its magnitudes.</summary>
    public required float* Factors { get; init; }

    /// <summary>
    /// Signs of the residuals' first <see cref="NearColumns"/> x 64 components: by groups of sixteen postings, in each column
    /// by column, eight bytes a posting.
    /// </summary>
    public required byte* Near { get; init; }

    /// <summary>The signs of the other components, posting by posting, since few are read.</summary>
    public required byte* Far { get; init; }

    /// <summary>Lists x dimensions; unit length.</summary>
    public required float* Centroids { get; init; }

    /// <summary>The same as int8, which is what lists are ranked by.</summary>
    public required sbyte* CentroidCodes { get; init; }

    /// <summary>What a step of each centroid's codes is worth.</summary>
    public required float* CentroidScales { get; init; }

    public int Columns => ColumnsOf(Dimensions);

    public int NearColumns => NearColumnsOf(Dimensions);

    public int FarColumns => Columns - NearColumns;

    public uint Postings => Starts[2 * Lists];

    /// <summary>Columns of 64 components.</summary>
    public static int ColumnsOf(int dimensions) => (dimensions + 63) / 64;

    /// <summary>Half of them, rounded up: the smaller doll that decides whether the larger one is opened.</summary>
    public static int NearColumnsOf(int dimensions) => (ColumnsOf(dimensions) + 1) / 2;

    /// <summary>The first byte of a group's codes in a plane of so many columns.</summary>
    public static nint GroupOffset(uint place, int columns) => (nint)(place / Group) * columns * Group * sizeof(ulong);
}
