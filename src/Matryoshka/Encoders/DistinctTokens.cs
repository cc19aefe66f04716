namespace Matryoshka.Encoders;

/// <summary>Turns a text's tokens into distinct ones and what each counts for: see <see cref="Pooling.StaticRoot"/>.</summary>
internal static class DistinctTokens
{
    // The place where a token counts half as much as at the beginning.
    private const float HalfAt = 50;

    // All zero between two calls.
    [ThreadStatic]
    private static float[]? sumOfToken;

    /// <param name="tokens">Tokens below <paramref name="vocabulary"/>; the distinct ones come to stand first, in the order of their first places.</param>
    /// <param name="weights">Takes a weight for each of those.</param>
    /// <param name="vocabulary">Tokens there are.</param>
    /// <returns>The number of distinct tokens.</returns>
    public static int Weigh(Span<int> tokens, Span<float> weights, int vocabulary)
    {
        var sums = sumOfToken is { } enough && enough.Length >= vocabulary ? enough : sumOfToken = new float[vocabulary];
        var distinct = 0;
        for (var place = 0; place < tokens.Length; place++)
        {
            var token = tokens[place];
            if (sums[token] == 0)
                tokens[distinct++] = token;
            sums[token] += HalfAt / (HalfAt + place);
        }
        for (var i = 0; i < distinct; i++)
        {
            weights[i] = MathF.Sqrt(sums[tokens[i]]);
            sums[tokens[i]] = 0;
        }
        return distinct;
    }
}
