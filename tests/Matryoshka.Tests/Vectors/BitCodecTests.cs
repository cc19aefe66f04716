using CsCheck;
using Matryoshka.Vectors;
using Xunit;

namespace Matryoshka.Tests.Vectors;

public class BitCodecTests
{
    [Fact]
    public void A_bit_is_set_exactly_where_the_component_is_positive_and_padding_is_zero() =>
        Gen.OneOf(Gen.Float[-1f, 1f], Gen.Const(0f), Gen.Const(-0f), Gen.Const(float.Epsilon), Gen.Const(-float.Epsilon)).Array[0, 70].Sample(vector =>
        {
            var codes = new byte[BitCodec.Bytes(vector.Length)];
            codes.AsSpan().Fill(0xFF);
            BitCodec.Encode(vector, codes);
            Assert.Equal((vector.Length + 7) / 8, codes.Length);
            for (var i = 0; i < codes.Length * 8; i++)
                Assert.Equal(i < vector.Length && vector[i] > 0, (codes[i / 8] >> i % 8 & 1) == 1);
        }, iter: 500);
}
