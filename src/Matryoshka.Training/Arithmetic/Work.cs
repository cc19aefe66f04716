namespace Matryoshka.Training.Arithmetic;

/// <summary>Shares numbered pieces of work out over threads. What a piece computes must depend on its number alone.</summary>
internal sealed class Work(int threads)
{
    private readonly ParallelOptions options = new() { MaxDegreeOfParallelism = threads };

    public int Threads => threads;

    public void ForEach(int count, Action<int> piece)
    {
        if (threads == 1 || count == 1)
            for (var i = 0; i < count; i++)
                piece(i);
        else
            Parallel.For(0, count, options, piece);
    }

    /// <summary>The same over ranges of <paramref name="size"/> items: first and one past the last.</summary>
    public void ForRanges(int items, int size, Action<int, int> range) =>
        ForEach((items + size - 1) / size, i => range(i * size, Math.Min(items, (i + 1) * size)));
}
