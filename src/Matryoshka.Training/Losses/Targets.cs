namespace Matryoshka.Training.Losses;

/// <summary>
/// Which documents of a batch answer each query, and to what share: rows of columns and weights, the weights of a row
/// adding up to 1. The usual one names column i for query i.
/// </summary>
/// <param name="starts">First entry of each row, and the number of entries.</param>
/// <param name="entries">The rows end to end.</param>
internal sealed class Targets(int[] starts, (int Column, float Weight)[] entries)
{
    public static Targets Diagonal(int count) =>
        new([.. Enumerable.Range(0, count + 1)], [.. Enumerable.Range(0, count).Select(i => (i, 1f))]);

    public ReadOnlySpan<(int Column, float Weight)> Row(int row) => entries.AsSpan(starts[row]..starts[row + 1]);
}
