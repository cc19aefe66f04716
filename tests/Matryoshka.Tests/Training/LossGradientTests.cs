using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Losses;
using Matryoshka.Training.Pairs;
using Xunit;

namespace Matryoshka.Tests.Training;

/// <summary>Every loss's gradient, in double, against finite differences; the float path against the double one.</summary>
public unsafe class LossGradientTests
{
    private const double Step = 1e-6;

    public static TheoryData<int[], double, int, int> Cases => new()
    {
        { [5], 0, 6, 6 },
        { [3, 7, 16], 0, 7, 11 },
        { [3, 7, 16], 0.4, 7, 11 },
        { [32, 64], 1, 5, 5 },
        { [31, 33, 40, 100], 0.5, 9, 40 },
        { [8, 16, 24, 32, 48], 0.25, 50, 61 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_contrastive_gradient_is_that_of_finite_differences(int[] dimensions, double columnShare, int m, int n)
    {
        var settings = Settings(dimensions, columnShare);
        var targets = RandomTargets(m, n);
        Check(dimensions[^1], m, n, (q, p, dq, dp) => Contrastive(settings, q, m, p, n, targets, dq, dp));
    }

    [Theory]
    [InlineData(new[] { 6 })]
    [InlineData(new[] { 2, 5, 9 })]
    public void The_gradient_for_graded_pairs_is_that_of_finite_differences(int[] dimensions)
    {
        var nested = Settings(dimensions, 0).Nested;
        float[] grades = [0.2f, 0.9f, 0.2f, 0.5f, 1f, 0f, 0.5f];
        Check(dimensions[^1], grades.Length, grades.Length, (a, b, da, db) => Sum(nested, GradedLoss<double>.Run(nested, a, b, grades, da, db)));
        Check(dimensions[^1], grades.Length, grades.Length, (a, b, da, db) => Sum(nested, CosineLoss<double>.Run(nested, a, b, grades, da, db)));
    }

    [Fact]
    public void The_graded_loss_counts_every_pair_of_pairs_once()
    {
        using var a = Random(4 * 3, 1);
        using var b = Random(4 * 3, 2);
        using var gradient = new Block<double>(4 * 3);
        float[] grades = [1, 0, 1, 2];
        var loss = GradedLoss<double>.Run([new NestedLoss(3, 1, 5)], a.Data, b.Data, grades, gradient.Data, gradient.Data)[0];
        var cosines = Enumerable.Range(0, 4).Select(i => Cosine(a.Slice(3 * i, 3), b.Slice(3 * i, 3))).ToArray();
        var sum = 1.0;
        for (var i = 0; i < 4; i++)
            for (var j = 0; j < 4; j++)
                if (grades[i] > grades[j])
                    sum += Math.Exp(5 * (cosines[j] - cosines[i]));
        Assert.Equal(Math.Log(sum), loss, 1e-12);
    }

    [Fact]
    public void The_loss_of_a_prefix_is_the_loss_of_vectors_that_end_there()
    {
        using var q = Random(6 * 20, 3);
        using var p = Random(6 * 20, 4);
        using var gradient = new Block<double>(6 * 20);
        using var loss = new ContrastiveLoss<double>(Settings([4, 20], 0), 6, 6, new Work(1));
        var nested = loss.Run(q.Data, 6, p.Data, 6, Targets.Diagonal(6), gradient.Data, gradient.Data);
        using Block<double> shortQ = new(6 * 4), shortP = new(6 * 4);
        for (var i = 0; i < 6; i++)
        {
            q.Slice(20 * i, 4).CopyTo(shortQ.Slice(4 * i, 4));
            p.Slice(20 * i, 4).CopyTo(shortP.Slice(4 * i, 4));
        }
        using var alone = new ContrastiveLoss<double>(new([Settings([4, 20], 0).Nested[0]], 0), 6, 6, new Work(1));
        Assert.Equal(alone.Run(shortQ.Data, 6, shortP.Data, 6, Targets.Diagonal(6), gradient.Data, gradient.Data)[0], nested[0], 1e-12);
    }

    [Fact]
    public void In_float_the_gradient_is_that_in_double_and_the_same_bits_on_any_number_of_threads()
    {
        const int M = 100, N = 130, D = 70;
        var settings = Settings([32, 64, D], 0.3);
        var targets = RandomTargets(M, N);
        using var q = Random(M * D, 5);
        using var p = Random(N * D, 6);
        using Block<double> dq = new(M * D), dp = new(N * D);
        Contrastive(settings, q.Data, M, p.Data, N, targets, dq.Data, dp.Data);
        using Block<float> q32 = new(M * D), p32 = new(N * D);
        for (var i = 0; i < M * D; i++)
            q32.Data[i] = (float)q.Data[i];
        for (var i = 0; i < N * D; i++)
            p32.Data[i] = (float)p.Data[i];
        float[]? first = null;
        foreach (var threads in (int[])[1, 2, 5])
        {
            using Block<float> dq32 = new(M * D), dp32 = new(N * D);
            using var loss = new ContrastiveLoss<float>(settings, M, N, new Work(threads));
            loss.Run(q32.Data, M, p32.Data, N, targets, dq32.Data, dp32.Data);
            float[] all = [.. dq32.Slice(0, M * D), .. dp32.Slice(0, N * D)];
            Assert.Equal(first ??= all, all);
            var scale = Math.Sqrt(Enumerable.Range(0, M * D).Average(i => dq.Data[i] * dq.Data[i]));
            for (var i = 0; i < M * D; i++)
                Assert.InRange(dq32.Data[i] - dq.Data[i], -1e-4 * scale, 1e-4 * scale);
        }
    }

    [Fact]
    public void A_vector_without_direction_pulls_nothing()
    {
        using var q = Random(4 * 8, 7);
        q.Slice(8, 8).Clear();
        using var p = Random(4 * 8, 8);
        using Block<double> dq = new(4 * 8), dp = new(4 * 8);
        var loss = Contrastive(Settings([2, 8], 0.5), q.Data, 4, p.Data, 4, Targets.Diagonal(4), dq.Data, dp.Data);
        Assert.True(double.IsFinite(loss));
        Assert.All(dq.Slice(8, 8).ToArray(), x => Assert.Equal(0, x));
        Assert.All(dp.Slice(0, 32).ToArray(), x => Assert.True(double.IsFinite(x)));
    }

    [Fact]
    public void The_float_exponential_is_within_its_bound()
    {
        for (var x = -86f; x <= 0; x += 0.01f)
            Assert.InRange(Wide<float>.Exp(x) / Math.Exp(x), 1 - 3e-7, 1 + 3e-7);
        Assert.True(Wide<float>.Exp(-1000f) is > 0 and < 1e-37f);
    }

    private delegate double Loss(double* a, double* b, double* aGradient, double* bGradient);

    private static void Check(int d, int m, int n, Loss loss)
    {
        using var q = Random(m * d, 11);
        using var p = Random(n * d, 12);
        using Block<double> dq = new(m * d), dp = new(n * d), unused = new(Math.Max(m, n) * d), unusedToo = new(Math.Max(m, n) * d);
        loss(q.Data, p.Data, dq.Data, dp.Data);
        foreach (var (values, gradient, count) in new[] { (q, dq, m * d), (p, dp, n * d) })
            for (var i = 0; i < count; i += Math.Max(1, count / 60))
            {
                var kept = values.Data[i];
                values.Data[i] = kept + Step;
                var above = loss(q.Data, p.Data, unused.Data, unusedToo.Data);
                values.Data[i] = kept - Step;
                var below = loss(q.Data, p.Data, unused.Data, unusedToo.Data);
                values.Data[i] = kept;
                var difference = (above - below) / (2 * Step);
                Assert.InRange(gradient.Data[i] - difference, -1e-7, 1e-7);
                Assert.True(Math.Abs(gradient.Data[i] - difference) <= 1e-5 * Math.Abs(difference) + 1e-8, $"component {i}: {gradient.Data[i]:R}, by differences {difference:R}");
            }
        Assert.Contains(dq.Slice(0, m * d).ToArray(), x => Math.Abs(x) > 1e-4);
    }

    private static double Contrastive(ContrastiveSettings settings, double* q, int m, double* p, int n, Targets targets, double* dq, double* dp)
    {
        using var loss = new ContrastiveLoss<double>(settings, m, n, new Work(1));
        return Sum(settings.Nested, loss.Run(q, m, p, n, targets, dq, dp));
    }

    private static double Sum(IReadOnlyList<NestedLoss> nested, double[] losses) => nested.Zip(losses, (prefix, loss) => prefix.Weight * loss).Sum();

    private static ContrastiveSettings Settings(int[] dimensions, double columnShare) =>
        new([.. dimensions.Select((d, i) => new NestedLoss(d, 1 + 0.5 * i, 3 + 2 * i))], columnShare);

    private static Targets RandomTargets(int m, int n)
    {
        var draw = new Draw(9, 0);
        var entries = new List<(int, float)>();
        var starts = new List<int> { 0 };
        for (var i = 0; i < m; i++)
        {
            var other = (i + 1 + draw.Below(n - 1)) % n;
            entries.AddRange(i % 3 == 0 ? [(i, 1f)] : [(i, 0.75f), (other, 0.25f)]);
            starts.Add(entries.Count);
        }
        return new([.. starts], [.. entries]);
    }

    private static double Cosine(Span<double> a, Span<double> b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
            (dot, aa, bb) = (dot + a[i] * b[i], aa + a[i] * a[i], bb + b[i] * b[i]);
        return dot / Math.Sqrt(aa * bb);
    }

    private static Block<double> Random(int length, long seed)
    {
        var block = new Block<double>(length);
        var draw = new Draw(seed, 1);
        for (var i = 0; i < length; i++)
            block.Data[i] = draw.Normal();
        return block;
    }
}
