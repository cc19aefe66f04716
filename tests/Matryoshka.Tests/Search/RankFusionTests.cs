using CsCheck;
using Matryoshka.Search;
using Xunit;

namespace Matryoshka.Tests.Search;

public sealed class RankFusionTests
{
    private static readonly (long Id, double Score)[] Dense = [(1, 0.9), (2, 0.7), (3, 0.5)];
    private static readonly (long Id, double Score)[] Keyword = [(4, 20), (2, 15), (5, 10)];

    [Fact]
    public void Scores_are_shares_of_the_span_from_the_last_listed_to_the_best()
    {
        var fused = RankFusion.Fuse(Dense, Keyword, depth: 3, FusionMethod.Scores, keywordWeight: 1.5, k: 10);
        Assert.Equal([4L, 2, 1, 3, 5], fused.Select(hit => hit.Id));
        Assert.Equal([1.5, 0.5 + 1.5 * 0.5, 1, 0, 0], fused.Select(hit => Math.Round(hit.Score, 12)));
        Assert.Equal([(null, 1), (2, 2), (1, null), (3, null), (null, 3)], fused.Select(hit => (hit.DenseRank, hit.KeywordRank)));
    }

    [Fact]
    public void A_keyword_list_that_ended_early_counts_from_zero() =>
        Assert.Equal([(4L, 1.0), (2, 0.5 + 0.75), (5, 0.5)],
            RankFusion.Fuse(Dense, Keyword, depth: 100, FusionMethod.Scores, keywordWeight: 1, k: 10)
                .Where(hit => hit.KeywordRank is not null).OrderBy(hit => hit.KeywordRank).Select(hit => (hit.Id, Math.Round(hit.Score, 12))));

    [Fact]
    public void Ranks_are_fused_by_their_reciprocals() =>
        Assert.Equal([(2L, 1.0 / 62 + 2.0 / 62), (4, 2.0 / 61)],
            RankFusion.Fuse(Dense, Keyword, depth: 3, FusionMethod.Ranks, keywordWeight: 2, k: 2).Select(hit => (hit.Id, hit.Score)));

    [Fact]
    public void Lists_of_one_of_none_and_of_equal_scores_have_a_span_all_the_same()
    {
        Assert.Equal([(7L, 1.0)], RankFusion.Fuse([(7, 0.2)], [], 100, FusionMethod.Scores, 1.5, 10).Select(hit => (hit.Id, hit.Score)));
        Assert.Equal([(7L, 1.5)], RankFusion.Fuse([], [(7, 3)], 1, FusionMethod.Scores, 1.5, 10).Select(hit => (hit.Id, hit.Score)));
        Assert.Equal([1.0, 1.0], RankFusion.Fuse([(7, 0.2), (8, 0.2)], [], 100, FusionMethod.Scores, 1.5, 10).Select(hit => hit.Score));
        Assert.Empty(RankFusion.Fuse([], [], 100, FusionMethod.Scores, 1.5, 10));
    }

    [Fact]
    public void A_weight_of_zero_keeps_the_dense_order_and_a_huge_one_the_keywords()
    {
        var lists = Gen.Select(Gen.Double[-1, 1].Array[1, 50], Gen.Double[0.1, 40].Array[1, 50]);
        lists.Sample((cosines, scores) =>
        {
            var dense = cosines.OrderDescending().Select((score, i) => (Id: (long)(2 * i), Score: score)).ToList();
            var keyword = scores.OrderDescending().Select((score, i) => (Id: (long)(3 * i), Score: score)).ToList();
            foreach (var method in Enum.GetValues<FusionMethod>())
            {
                var byDense = RankFusion.Fuse(dense, keyword, 100, method, 0, 1000).Where(hit => hit.DenseRank is not null).Select(hit => dense[hit.DenseRank!.Value - 1].Score);
                Assert.Equal(dense.Select(record => record.Score), byDense);
                var all = RankFusion.Fuse(dense, keyword, 100, method, 1e12, 1000);
                Assert.Equal(dense.Concat(keyword).Select(record => record.Id).Distinct().Count(), all.Count);
                Assert.Equal(keyword.Select(record => record.Score), all.Where(hit => hit.KeywordRank is not null).Select(hit => keyword[hit.KeywordRank!.Value - 1].Score));
            }
        });
    }
}
