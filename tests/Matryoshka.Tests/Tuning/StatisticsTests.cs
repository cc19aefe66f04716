using Matryoshka.Tuning.Statistics;
using Xunit;

namespace Matryoshka.Tests.Tuning;

public sealed class StatisticsTests
{
    [Fact]
    public void An_interval_covers_the_true_share_about_as_often_as_it_says()
    {
        var random = new Random(1);
        var covered = 0;
        for (var trial = 0; trial < 200; trial++)
        {
            var (plan, full) = Sample(random, 150, 0.1);
            var kept = PairedBootstrap.Of(plan, full);
            // Of a tenth of the queries half is lost: 0.95 of what full has.
            covered += kept.Low <= 0.95 && 0.95 <= kept.High ? 1 : 0;
        }
        Assert.InRange(covered, 180, 200);
    }

    [Fact]
    public void A_promise_is_kept_by_another_sample_at_least_nineteen_times_in_twenty()
    {
        var random = new Random(2);
        var kept = 0;
        for (var trial = 0; trial < 200; trial++)
        {
            var promise = PairedBootstrap.Of(Sample(random, 200, 0.2).Plan, [.. Enumerable.Repeat(1.0, 200)]).Promise;
            kept += Sample(random, 200, 0.2).Plan.Average() >= promise ? 1 : 0;
        }
        Assert.InRange(kept, 188, 200);
    }

    [Fact]
    public void Without_a_difference_nothing_is_significant_and_nothing_is_promised_that_so_few_queries_cannot_show()
    {
        double[] values = [.. Enumerable.Repeat(0.5, 60)];
        var kept = PairedBootstrap.Of(values, values);
        Assert.Equal((1, 1, 1, 1), (kept.Share, kept.Low, kept.High, kept.PValue));
        Assert.Equal(1 - 3 / 60.0, kept.Promise, 1e-12);
        Assert.Equal(300, kept.QueriesNeeded(0.99));
    }

    [Fact]
    public void Several_tests_together_are_adjusted_as_Holm_says() =>
        Assert.Equal([0.03, 0.06, 0.06, 0.02], RandomisationTest.Holm([0.01, 0.04, 0.03, 0.005]), (a, b) => Math.Abs(a - b) < 1e-12);

    [Fact]
    public void With_few_differences_the_randomisation_test_comes_near_the_exact_share_of_signs()
    {
        // Of the 2^9 ways to sign 1..9 as many give a sum of 27 or more, or -27 or less, as one counts.
        double[] a = [.. Enumerable.Range(1, 9).Select(i => (double)i)], b = [.. a.Select(_ => 0.0)];
        double[] signed = [.. a.Select((value, i) => i is 2 or 5 ? -value : value)];
        var exact = Enumerable.Range(0, 512).Count(signs => Math.Abs(a.Select((value, i) => (signs >> i & 1) == 0 ? value : -value).Sum()) >= signed.Sum()) / 512.0;
        Assert.Equal(exact, RandomisationTest.PValue(signed, b), 0.03);
    }

    [Fact]
    public void The_randomisation_test_finds_what_is_there_and_keeps_to_its_level()
    {
        var random = new Random(3);
        double[] low = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble())];
        Assert.True(RandomisationTest.PValue(low, [.. low.Select(value => value + 0.02)]) < 0.001);
        var found = 0;
        for (var trial = 0; trial < 200; trial++)
        {
            double[] other = [.. low.Select(value => value + random.NextDouble() - 0.5)];
            found += RandomisationTest.PValue(low, other) < 0.05 ? 1 : 0;
        }
        Assert.InRange(found, 2, 22);
    }

    [Fact]
    public void More_queries_are_needed_the_nearer_the_share_and_none_suffice_below_it()
    {
        var kept = PairedBootstrap.Of(Sample(new Random(4), 100, 0.1).Plan, [.. Enumerable.Repeat(1.0, 100)]);
        Assert.True(kept.QueriesNeeded(kept.Share - 0.005) > kept.QueriesNeeded(kept.Share - 0.02));
        Assert.Null(kept.QueriesNeeded(kept.Share));
    }

    private static (double[] Plan, double[] Full) Sample(Random random, int count, double lost) =>
        ([.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < lost ? 0.5 : 1)], [.. Enumerable.Repeat(1.0, count)]);
}
