using CsCheck;
using Matryoshka.Kernels;
using Matryoshka.Search;
using Xunit;

namespace Matryoshka.Tests.Search;

public class TopKTests
{
    /// <summary>Few distinct scores, so that ties are everywhere, and special ones among them.</summary>
    private static readonly Gen<float> Scores = Gen.Frequency(
        (8, Gen.Int[-3, 3].Select(i => (float)i)), (4, Gen.Single[-1, 1]), (1, Gen.Int[0, 4].Select(i => ((float[])[0f, -0f, float.MaxValue, float.Epsilon, float.PositiveInfinity])[i])));

    [Fact]
    public void It_keeps_what_sorting_everything_would_put_first() =>
        Gen.Select(Gen.Int[1, 60], Scores.Array[0, 400], Gen.Int).Sample((capacity, scores, seed) =>
        {
            long[] tags = [.. Enumerable.Range(0, scores.Length).Select(i => i - 7L)];
            new Random(seed).Shuffle(tags);
            var best = new TopK(capacity);
            for (var i = 0; i < scores.Length; i++)
                best.Add(scores[i], tags[i]);
            var expected = scores.Zip(tags).OrderByDescending(e => e.First).ThenBy(e => e.Second).Take(capacity).Select(e => new Scored(e.First, e.Second));
            Assert.Equal(expected, best.Best().ToArray());
        });

    [Fact]
    public void Filtering_by_its_thresholds_loses_nothing() =>
        Gen.Select(Gen.Int[1, 20], Scores.Array[0, 600]).Sample((capacity, scores) =>
        {
            var (filtered, all) = (new TopK(capacity), new TopK(capacity));
            for (var i = 0; i < scores.Length; i++)
            {
                all.Add(scores[i], i);
                if (scores[i] > filtered.AscendingThreshold)
                    filtered.Add(scores[i], i);
            }
            Assert.Equal(all.Best().ToArray(), filtered.Best().ToArray());
        });

    [Fact]
    public void Filtering_distances_by_its_thresholds_loses_nothing() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[0, 12].Array[0, 600]).Sample((capacity, distances) =>
        {
            var best = new TopK(capacity);
            for (var i = 0; i < distances.Length; i++)
                if (distances[i] < best.AscendingDistanceThreshold)
                    best.Add(-distances[i], i);
            var expected = distances.Select((d, i) => (d, Tag: (long)i)).OrderBy(e => e.d).ThenBy(e => e.Tag).Take(capacity);
            Assert.Equal(expected.Select(e => (e.d, e.Tag)), best.Best().ToArray().Select(e => ((int)-e.Score, e.Tag)));
        });

    [Fact]
    public void Adding_may_go_on_after_looking() =>
        Gen.Select(Gen.Int[1, 20], Scores.Array[0, 200], Scores.Array[0, 200]).Sample((capacity, first, second) =>
        {
            var (looked, straight) = (new TopK(capacity), new TopK(capacity));
            for (var i = 0; i < first.Length + second.Length; i++)
            {
                if (i == first.Length)
                    _ = looked.Best();
                var score = i < first.Length ? first[i] : second[i - first.Length];
                looked.Add(score, i);
                straight.Add(score, i);
            }
            Assert.Equal(straight.Best().ToArray(), looked.Best().ToArray());
        });

    [Fact]
    public void Adversarial_orders_take_no_quadratic_time()
    {
        var best = new TopK(50_000);
        for (var round = 0; round < 3; round++)
        {
            best.Reset(50_000);
            for (var i = 0; i < 1_000_000; i++)
                best.Add(round switch { 0 => i, 1 => -i, _ => i % 2 == 0 ? i : -i }, i);
            Assert.Equal(50_000, best.Best().Length);
        }
    }

    [Fact]
    public void Minus_infinity_and_NaN_are_never_kept()
    {
        var best = new TopK(2);
        best.Add(float.NaN, 1);
        best.Add(float.NegativeInfinity, 2);
        Assert.Equal(0, best.Best().Length);
        best.Add(float.MinValue, 3);
        best.Add(float.NaN, 4);
        Assert.Equal([new(float.MinValue, 3)], best.Best().ToArray());
    }

    [Fact]
    public void Selected_scores_are_tagged_from_the_first_row()
    {
        var best = new TopK(3);
        best.Add([0.1f, 0.9f, 0.5f], [1, 2], firstTag: 100);
        best.Add([-7f, 3f, 0.7f], [0, 2], firstTag: 200);
        Assert.Equal([new(0.9f, 101), new(0.7f, 202), new(0.5f, 102)], best.Best().ToArray());
        best.Reset(1);
        Assert.Equal(0, best.Best().Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => best.Reset(0));
    }

    [Fact]
    public unsafe void With_the_selecting_kernels_it_finds_the_best_of_a_long_list()
    {
        var random = new Random(1);
        float[] scores = [.. Enumerable.Range(0, 20_000).Select(_ => MathF.Round(random.NextSingle(), 3))];
        var hits = new int[512];
        var best = new TopK(25);
        fixed (float* from = scores)
        fixed (int* to = hits)
            for (var row = 0; row < scores.Length; row += 512)
            {
                var n = Math.Min(512, scores.Length - row);
                var found = KernelSet.Current.SelectAbove(from + row, n, best.AscendingThreshold, to);
                best.Add(scores.AsSpan(row, n), hits.AsSpan(0, found), row);
            }
        var expected = scores.Select((score, i) => new Scored(score, i)).Order().Take(25);
        Assert.Equal(expected, best.Best().ToArray());
    }
}
