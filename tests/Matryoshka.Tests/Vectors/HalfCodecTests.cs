using CsCheck;
using Matryoshka.Vectors;
using Xunit;

namespace Matryoshka.Tests.Vectors;

public class HalfCodecTests
{
    [Fact]
    public void Every_half_decodes_as_the_framework_does()
    {
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            var found = HalfCodec.Decode((ushort)bits);
            if (float.IsNaN(expected) ? !float.IsNaN(found) : BitConverter.SingleToInt32Bits(expected) != BitConverter.SingleToInt32Bits(found))
                Assert.Fail($"{bits:X4}: expected {expected:R}, found {found:R}");
        }
    }

    [Fact]
    public void Every_half_every_tie_and_their_neighbours_encode_as_the_framework_does()
    {
        for (var bits = 0; bits < 0x7C00; bits++)
        {
            var low = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            // The tie above the largest half lies between it and 2^16, the value its successor would have.
            var high = bits == 0x7BFF ? 65_536f : (float)BitConverter.UInt16BitsToHalf((ushort)(bits + 1));
            var tie = low + (high - low) / 2;
            foreach (var x in (ReadOnlySpan<float>)[low, MathF.BitIncrement(low), MathF.BitDecrement(tie), tie, MathF.BitIncrement(tie)])
            {
                AssertEncodes(x);
                AssertEncodes(-x);
            }
        }
    }

    [Fact]
    public void Any_bits_encode_as_the_framework_does() =>
        Gen.UInt.Sample(bits => AssertEncodes(BitConverter.UInt32BitsToSingle(bits)), iter: 200_000);

    [Fact]
    public void Spans_encode_and_decode_as_single_values_do()
    {
        var values = Gen.Float[-2f, 2f].Array[0, 70];
        values.Sample(source =>
        {
            var halves = new ushort[source.Length];
            HalfCodec.Encode(source, halves);
            var back = new float[source.Length];
            HalfCodec.Decode(halves, back);
            return halves.SequenceEqual(source.Select(HalfCodec.Encode)) && back.SequenceEqual(halves.Select(HalfCodec.Decode));
        }, iter: 200);
    }

    private static void AssertEncodes(float x)
    {
        var expected = BitConverter.HalfToUInt16Bits((Half)x);
        var found = HalfCodec.Encode(x);
        var same = float.IsNaN(x) ? Half.IsNaN(BitConverter.UInt16BitsToHalf(found)) : expected == found;
        if (!same)
            Assert.Fail($"{x:R}: expected {expected:X4}, found {found:X4}");
    }
}
