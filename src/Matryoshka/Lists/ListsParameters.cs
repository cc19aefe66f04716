namespace Matryoshka.Lists;

/// <summary>How lists are built.</summary>
/// <param name="Lists">How many; 0 to follow <see cref="For"/>.</param>
/// <param name="Copies">Lists a row stands in, 1 or 2.</param>
/// <param name="Iterations">Rounds of clustering.</param>
/// <param name="Sample">Rows clustered, for each list.</param>
/// <param name="Seed">Of the sample.</param>
/// <param name="LeastRows">Rows of the smallest segment that gets lists; below, a scan of all rows is as fast.</param>
internal sealed record ListsParameters(int Lists = 0, int Copies = 2, int Iterations = 7, int Sample = 64, int Seed = 1, int LeastRows = 16_384)
{
    /// <summary>
    /// 2.5 times the square root of the rows, up to a power of two from 64 to 8,192: ranking the lists then takes about as long
    /// as reading one in twenty of them. 500,000 rows get 2,048.
    /// </summary>
    public static int For(int rows) => Math.Clamp((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(2.5 * Math.Sqrt(rows))), 64, 8192);

    /// <summary>
    /// Whether the centroids of some lists still serve so many rows: from half to twice of those that were clustered. Beyond,
    /// lists would be too few or too many, and the rows may have drifted away from them.
    /// </summary>
    public static bool Serves(ListsView lists, long rows) => rows <= 2L * lists.Trained && 2 * rows >= lists.Trained;
}
