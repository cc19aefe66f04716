using CsCheck;
using Matryoshka.Cli.Bench;
using Matryoshka.Tuning.Exploring;
using Xunit;

namespace Matryoshka.Tests.Bench;

public sealed class RecallTests
{
    [Theory]
    [InlineData(1.0, 1, 2, 3)]
    [InlineData(1.0, 3, 2, 1)]
    [InlineData(0.6667, 1, 2, 9)]
    [InlineData(0.3333, 9, 8, 1)]
    [InlineData(0.3333, 2)]
    [InlineData(0.0)]
    public void Recall_is_the_share_of_the_true_k_that_was_found(double expected, params int[] found) =>
        Assert.Equal(expected, Truth.Of([1, 2, 3, 4, 9, 8], [0.9f, 0.8f, 0.7f, 0.6f, 0.5f, 0.4f], 3).Recall([.. found.Select(id => (long)id)]), 4);

    [Fact]
    public void Any_of_those_that_tie_at_the_last_place_counts()
    {
        var truth = Truth.Of([1, 2, 3, 4, 5], [0.9f, 0.5f, 0.5f, 0.5f, 0.4f], 2);
        Assert.Equal(1, truth.Recall([1, 4]));
        Assert.Equal(1, truth.Recall([3, 4]));
        Assert.Equal(0.5, truth.Recall([1, 5]));
        // More than k found count no more than k.
        Assert.Equal(1, truth.Recall([1, 2, 3, 4]));
    }

    [Fact]
    public void Fewer_than_k_in_all_are_all_there_is_to_find()
    {
        var truth = Truth.Of([7, 8], [0.9f, 0.8f], 10);
        Assert.Equal(2, truth.Wanted);
        Assert.Equal(1, truth.Recall([8, 7]));
        Assert.Equal(1, Truth.Of([], [], 10).Recall([]));
    }

    [Fact]
    public void The_exact_answer_has_recall_one_whatever_ties_it_has_and_another_has_the_share_it_shares() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 30], Gen.Int[1, 12]).Sample((values, k) =>
        {
            var ranked = values.Select((value, id) => (Score: (float)value, Id: (long)id)).OrderByDescending(row => row.Score).ThenByDescending(row => row.Id).ToList();
            var truth = Truth.Of([.. ranked.Select(row => row.Id)], [.. ranked.Select(row => row.Score)], k);
            var otherOrder = ranked.OrderByDescending(row => row.Score).ThenBy(row => row.Id).Take(k).Select(row => row.Id).ToList();
            Assert.Equal(1, truth.Recall(otherOrder));
            var worst = ranked.AsEnumerable().Reverse().Take(k).ToList();
            var threshold = ranked[Math.Min(k, ranked.Count) - 1].Score;
            Assert.Equal((double)worst.Count(row => row.Score >= threshold) / Math.Min(k, ranked.Count), truth.Recall([.. worst.Select(row => row.Id)]), 12);
        });

    [Fact]
    public void The_front_is_what_nothing_dominates_fastest_first() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9]).Array[0, 40].Sample(points =>
        {
            bool Dominates((int Q, int S) a, (int Q, int S) b) => a.Q >= b.Q && a.S >= b.S && a != b;
            var front = ParetoFront.Of(points, point => point.Item1, point => point.Item2);
            Assert.Equal(points.Where(point => !points.Any(other => Dominates(other, point))).OrderByDescending(point => point.Item2), front);
        });
}
