namespace Matryoshka.Search;

/// <summary>Room for a block of rows' sums, scores and picks, one a thread: pinned arrays made anew for every stage cost more than many a stage.</summary>
internal sealed class ScoreBlock
{
    [ThreadStatic]
    private static ScoreBlock? mine;

    private ScoreBlock()
    {
    }

    /// <summary>The calling thread's; whoever scores next overwrites it.</summary>
    public static ScoreBlock Mine => mine ??= new();

    public int[] Sums { get; } = GC.AllocateUninitializedArray<int>(BlockScorer.Rows, pinned: true);

    public float[] Scores { get; } = GC.AllocateUninitializedArray<float>(BlockScorer.Rows, pinned: true);

    public int[] Picked { get; } = GC.AllocateUninitializedArray<int>(BlockScorer.Rows, pinned: true);
}
