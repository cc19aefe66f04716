using Matryoshka.Encoders;

namespace Matryoshka.Training.Pairs;

/// <summary>The texts of a batch as tokens and their weights end to end: first the queries, then as many documents, then hard negatives.</summary>
/// <param name="vocabulary">Tokens there are.</param>
/// <param name="pooling">Whether a token that stands n times counts n times, or its root.</param>
internal sealed class TextBatch(int vocabulary, StaticPooling pooling)
{
    private int[] tokens = new int[1 << 18];
    private float[] weights = new float[1 << 18];
    private int[] starts = new int[1 << 12];

    /// <summary>Texts so far.</summary>
    public int Count { get; private set; }

    public int TokenCount => starts[Count];

    public ReadOnlySpan<int> this[int text] => tokens.AsSpan(starts[text]..starts[text + 1]);

    public ReadOnlySpan<float> Weights(int text) => weights.AsSpan(starts[text]..starts[text + 1]);

    public void Clear() => Count = 0;

    public void Add(ReadOnlySpan<int> text)
    {
        var start = starts[Count];
        if (start + text.Length > tokens.Length)
        {
            Array.Resize(ref tokens, Math.Max(2 * tokens.Length, start + text.Length));
            Array.Resize(ref weights, tokens.Length);
        }
        if (Count + 2 > starts.Length)
            Array.Resize(ref starts, 2 * starts.Length);
        text.CopyTo(tokens.AsSpan(start));
        starts[++Count] = start + TokenWeights.Weigh(tokens.AsSpan(start, text.Length), weights.AsSpan(start, text.Length), vocabulary, pooling == StaticPooling.Root);
    }
}
