using Matryoshka.Kernels;
using Xunit;

namespace Matryoshka.Tests.Kernels;

public unsafe class FinishKernelTests
{
    [Fact]
    public void Scaling_multiplies_each_sum_by_its_factors()
    {
        var random = new Random(1);
        for (var n = 0; n < 150; n++)
        {
            using var memory = new GuardedMemory();
            float* sums = (float*)memory.Allocate(n * 4), factors = (float*)memory.Allocate(n * 4);
            float* more = (float*)memory.Allocate(n * 4), scores = (float*)memory.Allocate(n * 4);
            var counts = (int*)memory.Allocate(n * 4);
            foreach (var set in KernelSet.All)
            {
                for (var i = 0; i < n; i++)
                {
                    (sums[i], factors[i], more[i]) = (random.NextSingle() - 0.5f, random.NextSingle(), random.NextSingle());
                    counts[i] = random.Next(-1_000_000, 1_000_000);
                }
                float[] before = [.. new Span<float>(sums, n)];
                set.Scale(sums, factors, 0.7f, n);
                set.ScaleInt(counts, factors, more, 0.7f, scores, n);
                for (var i = 0; i < n; i++)
                {
                    Assert.Equal(before[i] * factors[i] * 0.7, sums[i], 1e-6);
                    Assert.Equal(1, scores[i] / ((double)counts[i] * factors[i] * more[i] * 0.7), 1e-6);
                }
            }
        }
    }

    [Fact]
    public void Selection_lists_the_rows_beyond_the_threshold_in_order()
    {
        var random = new Random(2);
        for (var n = 0; n < 300; n += random.Next(1, 5))
        {
            using var memory = new GuardedMemory();
            var scores = (float*)memory.Allocate(n * 4);
            var distances = (int*)memory.Allocate(n * 4);
            var indices = (int*)memory.Allocate(n * 4);
            for (var i = 0; i < n; i++)
            {
                scores[i] = i % 17 == 3 ? float.NaN : random.Next(-5, 6);
                distances[i] = random.Next(-5, 6);
            }
            foreach (var set in KernelSet.All)
                for (var threshold = -6; threshold <= 6; threshold += 3)
                {
                    var found = set.SelectAbove(scores, n, threshold, indices);
                    var copy = (nint)scores;
                    Assert.Equal(Enumerable.Range(0, n).Where(i => ((float*)copy)[i] > threshold), new Span<int>(indices, found).ToArray());
                    found = set.SelectBelow(distances, n, threshold, indices);
                    copy = (nint)distances;
                    Assert.Equal(Enumerable.Range(0, n).Where(i => ((int*)copy)[i] < threshold), new Span<int>(indices, found).ToArray());
                }
        }
    }

    [Fact]
    public void The_extreme_thresholds_select_everything_finite_and_nothing()
    {
        float[] scores = [.. Enumerable.Range(0, 200)];
        var indices = new int[200];
        foreach (var set in KernelSet.All)
            fixed (float* from = scores)
            fixed (int* to = indices)
            {
                Assert.Equal(200, set.SelectAbove(from, 200, float.NegativeInfinity, to));
                Assert.Equal(Enumerable.Range(0, 200), indices);
                Assert.Equal(0, set.SelectAbove(from, 200, float.PositiveInfinity, to));
                Assert.Equal(0, set.SelectAbove(from, 200, float.NaN, to));
                Assert.Equal(200, set.SelectBelow(to, 200, int.MaxValue, to));
                Assert.Equal(0, set.SelectBelow(to, 200, int.MinValue, to));
            }
    }
}
