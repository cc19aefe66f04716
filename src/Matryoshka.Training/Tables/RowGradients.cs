using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Tables;

/// <summary>
/// From gradients by texts to steps of rows. A token's gradient is the sum over the texts it stands in, taken in their
/// order by one thread, so that the number of threads does not change a bit.
/// </summary>
internal sealed unsafe class RowGradients(int tokens, int dimensions)
{
    private const int TokensAtOnce = 16;

    private readonly int[] starts = new int[tokens + 1];
    private readonly int[] next = new int[tokens];
    private int[] texts = [];
    private float[] weights = [];
    private readonly List<int> touched = [];

    /// <param name="batch">The texts.</param>
    /// <param name="gradients">A row a text.</param>
    /// <param name="table">What is moved.</param>
    /// <param name="optimiser">How.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="steps">The number of this step, from 1.</param>
    /// <param name="work">Threads.</param>
    public void Apply(TextBatch batch, Block<float> gradients, TokenTable table, RowOptimiser optimiser, float rate, int steps, Work work)
    {
        Index(batch);
        work.ForRanges(touched.Count, TokensAtOnce, (from, to) =>
        {
            var sum = stackalloc float[dimensions];
            for (var i = from; i < to; i++)
            {
                var token = touched[i];
                TokenTable.SumRows(gradients.Data, dimensions, texts.AsSpan(starts[token]..starts[token + 1]), weights.AsSpan(starts[token]..starts[token + 1]), new Span<float>(sum, dimensions));
                optimiser.Apply(token, sum, rate, steps, table.Rows.Data + (nint)token * dimensions);
            }
        });
    }

    private void Index(TextBatch batch)
    {
        if (texts.Length < batch.TokenCount)
            (texts, weights) = (new int[batch.TokenCount + batch.TokenCount / 4], new float[batch.TokenCount + batch.TokenCount / 4]);
        Array.Clear(starts);
        for (var text = 0; text < batch.Count; text++)
            foreach (var token in batch[text])
                starts[token + 1]++;
        touched.Clear();
        for (var token = 0; token < tokens; token++)
        {
            if (starts[token + 1] > 0)
                touched.Add(token);
            starts[token + 1] += starts[token];
        }
        starts.AsSpan(0, tokens).CopyTo(next);
        for (var text = 0; text < batch.Count; text++)
        {
            var distinct = batch[text];
            var factors = batch.Weights(text);
            for (var i = 0; i < distinct.Length; i++)
            {
                var at = next[distinct[i]]++;
                (texts[at], weights[at]) = (text, factors[i]);
            }
        }
    }
}
