using Matryoshka.Encoders;
using Matryoshka.Kernels;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Tables;

/// <summary>The rows being trained, one a token. A text's vector is the weighted sum of its tokens' rows: its length does not matter to a cosine.</summary>
internal sealed unsafe class TokenTable : IDisposable
{
    private const int TextsAtOnce = 32;

    public TokenTable(int tokens, int dimensions, StaticPooling pooling = StaticPooling.Mean)
    {
        (Tokens, Dimensions, Pooling) = (tokens, dimensions, pooling);
        Rows = new((long)tokens * dimensions);
    }

    public int Tokens { get; }

    public int Dimensions { get; }

    public StaticPooling Pooling { get; }

    public Block<float> Rows { get; }

    public Span<float> Row(int token) => Rows.Slice((long)token * Dimensions, Dimensions);

    /// <summary>
    /// Normal noise, each row as long as its token is telling: a random projection of the weighted words, which retrieves
    /// without any training.
    /// </summary>
    /// <param name="weights">The length of each row, as a component's standard deviation.</param>
    /// <param name="kin">Of each token, the number of the family it belongs to.</param>
    /// <param name="shared">Share of a row's variance that is its family's: tokens of one family begin alike.</param>
    /// <param name="seed">Decides the noise.</param>
    /// <param name="work">Threads.</param>
    public void Initialise(float[] weights, int[] kin, double shared, long seed, Work work) => work.ForEach(Tokens, token =>
    {
        var (own, family) = (new Draw(seed, token, purpose: 2), new Draw(seed, kin[token], purpose: 9));
        var (common, rest) = (Math.Sqrt(shared), Math.Sqrt(1 - shared));
        foreach (ref var x in Row(token))
            x = (float)(rest * own.Normal() + common * family.Normal()) * weights[token];
    });

    /// <summary>Sums the rows of every text of a batch into <paramref name="vectors"/>.</summary>
    public void Pool(TextBatch batch, Block<float> vectors, Work work) => work.ForRanges(batch.Count, TextsAtOnce, (from, to) =>
    {
        for (var text = from; text < to; text++)
            SumRows(Rows.Data, Dimensions, batch[text], batch.Weights(text), vectors.Slice((long)text * Dimensions, Dimensions));
    });

    /// <summary>Sums the rows of a text.</summary>
    public void Sum(ReadOnlySpan<int> tokens, Span<float> vector)
    {
        var (distinct, weights) = (tokens.ToArray(), new float[tokens.Length]);
        var count = TokenWeights.Weigh(distinct, weights, Tokens, Pooling == StaticPooling.Root);
        SumRows(Rows.Data, Dimensions, distinct.AsSpan(0, count), weights, vector);
    }

    /// <summary>Sums numbered rows of a matrix.</summary>
    public static void SumRows(float* rows, int dimensions, ReadOnlySpan<int> numbers, ReadOnlySpan<float> weights, Span<float> sum) =>
        AccumulateRows.Single((byte*)rows, dimensions, numbers, weights, sum);

    public void Dispose() => Rows.Dispose();
}
