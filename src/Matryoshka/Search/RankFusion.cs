namespace Matryoshka.Search;

/// <summary>A record in a fused ranking and where it stood in each of the two, from 1.</summary>
internal readonly record struct FusedHit(long Id, double Score, int? DenseRank, int? KeywordRank);

/// <summary>
/// Reciprocal rank fusion: a record scores the sum of weight / (60 + rank) over the lists it is in. Cormack, Clarke and
/// Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods" (SIGIR 2009).
/// </summary>
internal static class RankFusion
{
    /// <summary>The paper's constant; it damps how much a first place outweighs a tenth.</summary>
    private const double Damping = 60;

    public static List<FusedHit> Fuse(IReadOnlyList<long> dense, IReadOnlyList<long> keyword, double keywordWeight, int k)
    {
        var fused = new Dictionary<long, FusedHit>(dense.Count + keyword.Count);
        for (var i = 0; i < dense.Count; i++)
            fused[dense[i]] = new(dense[i], 1 / (Damping + i + 1), i + 1, null);
        for (var i = 0; i < keyword.Count; i++)
        {
            var before = fused.GetValueOrDefault(keyword[i]);
            fused[keyword[i]] = new(keyword[i], before.Score + keywordWeight / (Damping + i + 1), before.DenseRank, i + 1);
        }
        return [.. fused.Values.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Id).Take(k)];
    }
}
