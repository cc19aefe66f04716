using CsCheck;
using Matryoshka.Tuning;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed class MetricTests
{
    [Fact]
    public void Measures_agree_with_definitions_written_independently() =>
        Gen.Select(Gen.Int[0, 25].Array[0, 30], Gen.Select(Gen.Int[0, 25], Gen.Int[-1, 3]).Array[0, 20], Gen.Int[1, 20]).Sample((found, judged, k) =>
        {
            var ranking = found.Distinct().Select(id => $"d{id}").ToList();
            var judgements = new Judgements();
            judgements.Add("q", "nowhere", 0);
            foreach (var (id, grade) in judged)
                judgements.Add("q", $"d{id}", grade);
            var run = new Dictionary<string, IReadOnlyList<string>> { ["q"] = ranking };
            foreach (var (kind, expected) in Expected(ranking, judgements["q"], k))
                Assert.Equal(expected, RunEvaluation.Score(run, judgements, new(kind, k)).Mean, 1e-12);
        });

    // Järvelin and Kekäläinen (2002), section 2: gains 3, 2, 3, 0, 0, 1, 2, 2, 3, 0; discounted as trec_eval does, at every rank.
    [Fact]
    public void The_example_of_the_paper_on_cumulated_gain_has_the_gain_one_computes_by_hand()
    {
        int[] grades = [3, 2, 3, 0, 0, 1, 2, 2, 3, 0];
        // 3 + 2/1.58496 + 3/2 + 1/2.80735 + 2/3 + 2/3.16993 + 3/3.32193, over the ideal 3,3,3,2,2,2,1.
        var gain = 3 + 2 / 1.584963 + 1.5 + 1 / 2.807355 + 2.0 / 3 + 2 / 3.169925 + 3 / 3.321928;
        var ideal = 3 + 3 / 1.584963 + 1.5 + 2 / 2.321928 + 2 / 2.584963 + 2 / 2.807355 + 1.0 / 3;
        Assert.Equal(gain / ideal, RankedMetrics.Of(new(MetricKind.Ndcg, 10), grades, grades), 1e-6);
    }

    // Manning, Raghavan and Schütze (2008), "Introduction to Information Retrieval", section 8.4: relevant at 1, 3, 6, 9 and 10 of ten.
    [Fact]
    public void A_textbook_ranking_has_the_textbook_s_precision()
    {
        int[] grades = [1, 0, 1, 0, 0, 1, 0, 0, 1, 1];
        int[] judged = [1, 1, 1, 1, 1];
        Assert.Equal((1 + 2 / 3.0 + 3 / 6.0 + 4 / 9.0 + 5 / 10.0) / 5, RankedMetrics.Of(new(MetricKind.AveragePrecision, 10), grades, judged), 1e-12);
        Assert.Equal(0.5, RankedMetrics.Of(new(MetricKind.Precision, 10), grades, judged));
        Assert.Equal(1, RankedMetrics.Of(new(MetricKind.ReciprocalRank, 10), grades, judged));
        Assert.Equal(0.4, RankedMetrics.Of(new(MetricKind.Recall, 5), grades, judged), 1e-12);
    }

    [Fact]
    public void A_query_without_a_relevant_record_scores_nothing_and_a_grade_below_zero_gains_nothing()
    {
        foreach (var metric in Metric.All(10).Where(metric => !metric.IsAgainstFull))
            Assert.Equal(0, RankedMetrics.Of(metric, [1, 2], [0, -1]));
        Assert.Equal(1 / Math.Log2(3), RankedMetrics.Of(new(MetricKind.Ndcg, 2), [-2, 1], [-2, 1]), 1e-12);
    }

    // Webber, Moffat and Zobel (2010), table 2: lists agreeing at depth d in all members score 1.
    [Fact]
    public void Comparisons_with_the_full_ranking_tell_equal_from_disjoint()
    {
        long[] full = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        long[] other = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
        long[] reversed = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
        foreach (var metric in Metric.All(10).Where(metric => metric.IsAgainstFull))
            Assert.Equal(1, RankComparison.Of(metric, full, full), 1e-12);
        Assert.Equal(0, RankComparison.Of(new(MetricKind.Overlap, 10), other, full));
        Assert.Equal(0, RankComparison.Of(new(MetricKind.RankBiasedOverlap, 10), other, full));
        Assert.Equal(-1, RankComparison.Of(new(MetricKind.KendallTau, 10), reversed, full), 1e-12);
        // Of disjoint lists every pair across them is turned round: -2k / (3k - 1).
        Assert.Equal(-20 / 29.0, RankComparison.Of(new(MetricKind.KendallTau, 10), other, full), 1e-12);
        Assert.Equal(1, RankComparison.Of(new(MetricKind.Overlap, 10), reversed, full));
    }

    // Agreement at depths 1, 2, 3 of (a b c) and (a c d): 1/1, 1/2, 2/3.
    [Fact]
    public void Rank_biased_overlap_is_extrapolated_from_the_last_depth()
    {
        const double p = 0.9;
        var expected = 2 / 3.0 * Math.Pow(p, 3) + (1 - p) / p * (1 * p + 0.5 * p * p + 2 / 3.0 * Math.Pow(p, 3));
        Assert.Equal(expected, RankComparison.Of(new(MetricKind.RankBiasedOverlap, 3), [1, 2, 3], [1, 3, 4]), 1e-12);
    }

    [Theory]
    [InlineData("ndcg@10")]
    [InlineData("mrr@100")]
    [InlineData("tau@5")]
    public void Names_of_measures_are_read_and_written(string name) => Assert.Equal(name, Metric.Parse(name).ToString());

    [Theory]
    [InlineData("ndcg")]
    [InlineData("ndcg@0")]
    [InlineData("@10")]
    [InlineData("bleu@10")]
    public void A_name_of_another_form_is_refused_with_the_known_ones(string name) =>
        Assert.Contains("ndcg", Assert.Throws<InvalidFormatException>(() => Metric.Parse(name)).Message, StringComparison.Ordinal);

    internal static IEnumerable<(MetricKind, double)> Expected(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int k) =>
    [
        (MetricKind.Ndcg, TrecEval.Ndcg(ranking, judged, k)), (MetricKind.Recall, TrecEval.Recall(ranking, judged, k)),
        (MetricKind.Precision, TrecEval.Precision(ranking, judged, k)), (MetricKind.HitRate, TrecEval.Success(ranking, judged, k)),
        (MetricKind.ReciprocalRank, TrecEval.ReciprocalRank(ranking, judged, k)), (MetricKind.AveragePrecision, TrecEval.AveragePrecision(ranking, judged, k)),
    ];
}
