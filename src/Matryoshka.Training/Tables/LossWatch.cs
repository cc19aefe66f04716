namespace Matryoshka.Training.Tables;

/// <summary>
/// Tells a loss that jumps between sources from one that has left for good: not finite, or a mean over many steps far above
/// that of the first ones.
/// </summary>
internal sealed class LossWatch
{
    private const int Window = 50;

    private readonly Queue<double> latest = new();
    private double? start;

    /// <summary>Mean of the latest steps that were finite.</summary>
    public double Mean => latest.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <returns>Whether training can go on.</returns>
    public bool Add(double loss)
    {
        latest.Enqueue(loss);
        if (latest.Count > Window)
            latest.Dequeue();
        if (latest.Count == Window)
            start ??= Mean;
        return double.IsFinite(loss) && (start is not { } first || Mean < 2 * first + 1);
    }
}
