namespace Matryoshka.Lists;

/// <summary>How lists are built.</summary>
/// <param name="Lists">How many; 0 to follow <see cref="For"/>.</param>
/// <param name="Copies">Lists a row stands in, 1 or 2.</param>
/// <param name="Iterations">Rounds of clustering.</param>
/// <param name="Sample">Rows clustered, for each list.</param>
/// <param name="Seed">Of the sample.</param>
internal sealed record ListsParameters(int Lists = 0, int Copies = 2, int Iterations = 7, int Sample = 64, int Seed = 1)
{
    /// <summary>
    /// Three times the square root of the rows, to a power of two from 64 to 8,192: ranking the lists then takes about as long
    /// as reading one in twenty of them. 500,000 rows get 2,048.
    /// </summary>
    public static int For(int rows) => Math.Clamp((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(2.5 * Math.Sqrt(rows))), 64, 8192);
}
