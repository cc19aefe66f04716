using CsCheck;
using Matryoshka.Onnx.Inference;
using Xunit;

namespace Matryoshka.Tests.Onnx;

public class BatchPlannerTests
{
    [Fact]
    public void Every_input_is_in_one_batch_and_no_batch_exceeds_a_limit() =>
        Gen.Select(Gen.Int[1, 600].Array[0, 80], Gen.Int[1, 20], Gen.Int[1, 4000], Gen.Double[0, 1]).Sample((lengths, texts, tokens, share) =>
        {
            var batches = new BatchPlanner(texts, tokens, share).Plan(lengths);
            Assert.Equal(Enumerable.Range(0, lengths.Length), batches.SelectMany(b => b).Order());
            foreach (var batch in batches)
            {
                var padded = (long)batch.Length * batch.Max(i => lengths[i]);
                Assert.InRange(batch.Length, 1, texts);
                Assert.True(padded <= tokens || batch.Length == 1);
                Assert.True(padded - batch.Sum(i => (long)lengths[i]) <= share * padded + 1e-9);
            }
            Assert.Equal(batches.Select(b => lengths[b[0]]).OrderDescending(), batches.Select(b => lengths[b[0]]));
        }, iter: 2000);
}
