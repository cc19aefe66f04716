using CsCheck;
using Xunit;

namespace Matryoshka.Tests.Vectors;

public class TruncationTests
{
    private static readonly NestedDimensions Four = NestedDimensions.Trained(1, 2, 4);

    [Fact]
    public void A_prefix_is_cut_and_scaled_to_length_one()
    {
        Span<float> prefix = stackalloc float[2];
        Truncation.Cut([3, 4, 12, 84], Four, PreTruncation.None, 2, prefix);
        Assert.Equal([0.6f, 0.8f], prefix.ToArray());
    }

    [Fact]
    public void Layer_norm_uses_all_components_and_the_population_variance()
    {
        // mean 2.5, variance 1.25
        Span<float> normed = stackalloc float[2];
        Truncation.LayerNorm([1, 2, 3, 4], normed);
        Assert.Equal(-1.5 / Math.Sqrt(1.25 + 1e-5), normed[0], 1e-7);
        Assert.Equal(-0.5 / Math.Sqrt(1.25 + 1e-5), normed[1], 1e-7);
        Truncation.Cut([1, 2, 3, 4], Four, PreTruncation.LayerNorm, 2, normed);
        Assert.Equal(-3 / Math.Sqrt(10), normed[0], 1e-7);
        Assert.Equal(-1 / Math.Sqrt(10), normed[1], 1e-7);
    }

    [Fact]
    public void A_vector_may_be_cut_in_place()
    {
        float[] vector = [1, 2, 3, 4];
        var apart = new float[2];
        Truncation.Cut(vector, Four, PreTruncation.LayerNorm, 2, apart);
        Truncation.Cut(vector, Four, PreTruncation.LayerNorm, 2, vector.AsSpan(0, 2));
        Assert.Equal(apart, vector[..2]);
    }

    [Theory]
    [InlineData(float.Epsilon)]
    [InlineData(1e-38f)]
    [InlineData(float.MaxValue)]
    public void The_largest_and_the_smallest_components_normalise(float x)
    {
        Span<float> vector = [x, x, x, x];
        Assert.Equal(2.0 * x, Truncation.Normalize(vector), 1e-7 * x);
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], vector.ToArray());
    }

    [Fact]
    public void Errors_name_row_position_and_both_lengths()
    {
        Assert.Equal("Row 7: the vector has 3 components, but 4 were expected.", Message(() => Truncation.Validate([1, 2, 3], 4, 7)));
        Assert.StartsWith("Row 7: component 2 is NaN", Message(() => Truncation.Validate([1, 2, float.NaN], 3, 7)), StringComparison.Ordinal);
        Assert.StartsWith("Row 0: component 0 is -Infinity", Message(() => Truncation.Validate([float.NegativeInfinity], 1)), StringComparison.Ordinal);
        Assert.StartsWith("Row 1: all 2 components are zero", Message(() => Truncation.Validate([0, -0f], 2, 1)), StringComparison.Ordinal);
        Assert.StartsWith("Row 3: the first 2 of 4 components are all zero", Message(() => Truncation.Cut([0, 0, 1, 2], Four, PreTruncation.None, 2, new float[2], 3)), StringComparison.Ordinal);
        Assert.Contains("after layer normalisation", Message(() => Truncation.Cut([5, 5, 5, 5], Four, PreTruncation.LayerNorm, 4, new float[4])), StringComparison.Ordinal);
        Assert.Throws<InvalidVectorException>(() => Truncation.Normalize(new float[3]));
        Assert.Throws<DimensionNotAllowedException>(() => Truncation.Cut([1, 2, 3, 4], Four, PreTruncation.None, 3, new float[3]));
    }

    [Fact]
    public void Any_vector_is_cut_to_unit_length_in_its_own_direction() => Gen.Select(Gen.Float[-1e3f, 1e3f].Array[4], Gen.Int[0, 2].Select(i => 1 << i))
        .Where((v, d) => v[..d].Any(x => x != 0))
        .Sample((v, d) =>
        {
            var prefix = new float[d];
            Truncation.Cut(v, Four, PreTruncation.None, d, prefix);
            Assert.Equal(1, prefix.Sum(x => (double)x * x), 1e-6);
            var length = Math.Sqrt(v[..d].Sum(x => (double)x * x));
            for (var i = 0; i < d; i++)
                Assert.Equal(v[i] / length, prefix[i], 1e-6);
        });

    private static string Message(Action cut) => Assert.Throws<InvalidVectorException>(cut).Message;
}
