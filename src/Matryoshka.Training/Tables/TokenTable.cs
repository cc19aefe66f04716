using Matryoshka.Kernels;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Tables;

/// <summary>The rows being trained, one a token. A text's vector is the sum of its tokens' rows: its length does not matter to a cosine.</summary>
internal sealed unsafe class TokenTable : IDisposable
{
    private const int TextsAtOnce = 32;

    public TokenTable(int tokens, int dimensions)
    {
        (Tokens, Dimensions) = (tokens, dimensions);
        Rows = new((long)tokens * dimensions);
    }

    public int Tokens { get; }

    public int Dimensions { get; }

    public Block<float> Rows { get; }

    public Span<float> Row(int token) => Rows.Slice((long)token * Dimensions, Dimensions);

    /// <summary>Normal noise, each row as long as its token is telling: a random projection of the weighted words, which retrieves without any training.</summary>
    public void Initialise(float[] weights, long seed, Work work) => work.ForEach(Tokens, token =>
    {
        var draw = new Draw(seed, token, purpose: 2);
        foreach (ref var x in Row(token))
            x = (float)draw.Normal() * weights[token];
    });

    /// <summary>Sums the rows of every text of a batch into <paramref name="vectors"/>.</summary>
    public void Pool(TextBatch batch, Block<float> vectors, Work work) => work.ForRanges(batch.Count, TextsAtOnce, (from, to) =>
    {
        for (var text = from; text < to; text++)
            Sum(batch[text], vectors.Slice((long)text * Dimensions, Dimensions));
    });

    public void Sum(ReadOnlySpan<int> tokens, Span<float> vector) => SumRows(Rows.Data, Dimensions, tokens, vector);

    /// <summary>Sums numbered rows of a matrix.</summary>
    public static void SumRows(float* rows, int dimensions, ReadOnlySpan<int> numbers, Span<float> sum)
    {
        var factors = Ones(numbers.Length);
        AccumulateRows.Single((byte*)rows, dimensions, numbers, factors, sum);
    }

    public void Dispose() => Rows.Dispose();

    [ThreadStatic]
    private static float[]? ones;

    private static ReadOnlySpan<float> Ones(int count)
    {
        if (ones is null || ones.Length < count)
        {
            ones = new float[Math.Max(count, 1024)];
            Array.Fill(ones, 1f);
        }
        return ones.AsSpan(0, count);
    }
}
