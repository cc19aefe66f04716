namespace Matryoshka.Training.Pairs;

/// <summary>The texts of a batch as tokens end to end: first the queries, then as many documents, then hard negatives.</summary>
internal sealed class TextBatch
{
    private int[] tokens = new int[1 << 18];
    private int[] starts = new int[1 << 12];

    /// <summary>Texts so far.</summary>
    public int Count { get; private set; }

    public int TokenCount => starts[Count];

    public ReadOnlySpan<int> this[int text] => tokens.AsSpan(starts[text]..starts[text + 1]);

    public void Clear() => Count = 0;

    public void Add(ReadOnlySpan<int> text)
    {
        var start = starts[Count];
        if (start + text.Length > tokens.Length)
            Array.Resize(ref tokens, Math.Max(2 * tokens.Length, start + text.Length));
        if (Count + 2 > starts.Length)
            Array.Resize(ref starts, 2 * starts.Length);
        text.CopyTo(tokens.AsSpan(start));
        starts[++Count] = start + text.Length;
    }
}
