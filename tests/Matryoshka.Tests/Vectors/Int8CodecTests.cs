using CsCheck;
using Matryoshka.Vectors;
using Xunit;

namespace Matryoshka.Tests.Vectors;

public class Int8CodecTests
{
    [Fact]
    public void Codes_are_the_quotient_by_the_scale_rounded_half_to_even() =>
        Gen.Float[-1f, 1f].Array[1, 100].Sample(vector =>
        {
            var scale = Int8Codec.ScaleOf(vector);
            var codes = Encode(vector, scale);
            for (var i = 0; i < vector.Length; i++)
                Assert.Equal(scale == 0 ? 0 : (int)Math.Clamp(Math.Round((double)(vector[i] / scale), MidpointRounding.ToEven), -127, 127), codes[i]);
        }, iter: 500);

    [Fact]
    public void Decoding_is_off_by_at_most_half_a_step_and_the_largest_component_uses_the_last_code() =>
        Gen.Float[-1f, 1f].Array[1, 100].Where(vector => vector.Any(x => Math.Abs(x) > 1e-3f)).Sample(vector =>
        {
            var scale = Int8Codec.ScaleOf(vector);
            var codes = Encode(vector, scale);
            var back = new float[vector.Length];
            Int8Codec.Decode(codes, scale, back);
            for (var i = 0; i < vector.Length; i++)
                Assert.InRange(Math.Abs(vector[i] - back[i]), 0, scale * 0.5001f);
            Assert.Equal(127, codes.Max(code => Math.Abs((int)code)));
        }, iter: 500);

    [Theory]
    [InlineData(0.5f, 0)]
    [InlineData(1.5f, 2)]
    [InlineData(2.5f, 2)]
    [InlineData(-0.5f, 0)]
    [InlineData(-1.5f, -2)]
    [InlineData(126.5f, 126)]
    [InlineData(127f, 127)]
    [InlineData(-127f, -127)]
    public void Ties_go_to_the_even_code(float quotient, int code) => Assert.Equal(code, Encode([quotient], 1)[0]);

    [Fact]
    public void A_zero_vector_and_a_scale_that_vanishes_give_zero_codes()
    {
        Assert.Equal([0, 0], Encode([0f, -0f], 0));
        Assert.Equal([0], Encode([float.Epsilon], Int8Codec.ScaleOf([float.Epsilon])));
    }

    [Fact]
    public void A_scale_that_lost_bits_as_a_subnormal_never_gives_more_than_the_last_code()
    {
        for (var steps = 64; steps < 2_000; steps++)
        {
            var x = float.Epsilon * steps;
            var code = Encode([x, -x], Int8Codec.ScaleOf([x]));
            Assert.InRange(code[0], 0, 127);
            Assert.Equal(-code[0], code[1]);
        }
    }

    private static sbyte[] Encode(float[] vector, float scale)
    {
        var codes = new sbyte[vector.Length];
        codes.AsSpan().Fill(99);
        Int8Codec.Encode(vector, scale, codes);
        return codes;
    }
}
