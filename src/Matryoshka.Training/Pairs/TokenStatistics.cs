namespace Matryoshka.Training.Pairs;

/// <summary>In how many documents each token stands, and what follows from it.</summary>
internal static class TokenStatistics
{
    /// <summary>ln(1 + (N - df + 0.5) / (df + 0.5)) of each token over the long texts of all sources; a token in none has the largest.</summary>
    public static float[] InverseDocumentFrequency(IReadOnlyList<PairSource> sources, int vocabulary)
    {
        var frequency = new long[vocabulary];
        var lastSeen = new long[vocabulary];
        long documents = 0;
        foreach (var source in sources)
            for (var i = 0; i < source.Count; i++)
            {
                documents++;
                foreach (var token in source.B[i])
                    if (lastSeen[token] != documents)
                    {
                        lastSeen[token] = documents;
                        frequency[token]++;
                    }
            }
        return [.. frequency.Select(df => (float)Math.Log(1 + (documents - df + 0.5) / (df + 0.5)))];
    }
}
