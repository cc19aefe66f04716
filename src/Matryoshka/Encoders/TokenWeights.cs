namespace Matryoshka.Encoders;

/// <summary>What each token of a text counts for where rows are pooled: 1 by the mean, or by its places (<see cref="Pooling.StaticRoot"/>).</summary>
internal static class TokenWeights
{
    // The place where a token counts half as much as at the beginning.
    private const float HalfAt = 50;

    // All zero between two calls.
    [ThreadStatic]
    private static float[]? sumOfToken;

    /// <param name="tokens">Tokens below <paramref name="vocabulary"/>; by the root the distinct ones come to stand first, in the order of their first places.</param>
    /// <param name="weights">Takes a weight for each of those that count.</param>
    /// <param name="vocabulary">Tokens there are.</param>
    /// <param name="byRoot">Whether a token's places decide, and each counts once.</param>
    /// <returns>How many tokens count, from the first on.</returns>
    public static int Weigh(Span<int> tokens, Span<float> weights, int vocabulary, bool byRoot)
    {
        if (byRoot)
            return WeighByRoot(tokens, weights, vocabulary);
        weights[..tokens.Length].Fill(1);
        return tokens.Length;
    }

    private static int WeighByRoot(Span<int> tokens, Span<float> weights, int vocabulary)
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
