using CsCheck;
using Matryoshka.Onnx.Inference;
using Xunit;

namespace Matryoshka.Tests.Onnx;

public class PoolerTests
{
    [Fact]
    public void Pooling_agrees_with_plain_loops_at_every_size_and_leaves_padding_out() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 9], Gen.Int[0, 3], Gen.Int[0, 1000]).Sample((size, tokens, padding, seed) =>
        {
            var random = new Random(seed);
            var states = Enumerable.Range(0, size * (tokens + padding)).Select(i => i < size * tokens ? (float)(random.NextDouble() - 0.5) : float.NaN).ToArray();
            var vector = new float[size];
            Pooler.Pool(Pooling.Mean, states, tokens, vector);
            for (var i = 0; i < size; i++)
            {
                var sum = 0f;
                for (var t = 0; t < tokens; t++)
                    sum += states[t * size + i];
                Assert.Equal(sum / tokens, vector[i]);
            }
            Pooler.Pool(Pooling.Cls, states, tokens, vector);
            Assert.Equal(states[..size], vector);
            Pooler.Pool(Pooling.LastToken, states, tokens, vector);
            Assert.Equal(states[((tokens - 1) * size)..(tokens * size)], vector);
        }, iter: 500);
}
