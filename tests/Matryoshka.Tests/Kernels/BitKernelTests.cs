using Matryoshka.Kernels;
using Matryoshka.Vectors;
using Xunit;

namespace Matryoshka.Tests.Kernels;

public unsafe class BitKernelTests
{
    private const int Group = 16;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Every_width_sums_the_weights_of_differing_signs(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 60; i++)
        {
            using var memory = new GuardedMemory();
            var lengths = new int[random.Next(1, 6)];
            for (var r = 0; r < lengths.Length; r++)
                lengths[r] = random.Next(3) switch { 0 => random.Next(1, 40), 1 => 32 << random.Next(4), _ => random.Next(1, 1200) };
            var rows = random.Next(1, 70);
            var expected = new int[rows];
            var rings = new Ring[lengths.Length];
            for (var r = 0; r < lengths.Length; r++)
            {
                var bytes = BitCodec.Bytes(lengths[r]);
                var codes = memory.AllocateRandom(rows * bytes, random, random.Next(2) == 0);
                var query = Vector(lengths[r], random);
                var columns = memory.Allocate(BitWeights.Bytes(lengths[r]));
                new Span<byte>(columns, BitWeights.Bytes(lengths[r])).Clear();
                BitWeights.Write(query, 1 / 31f, columns);
                rings[r] = new(codes, bytes, columns, lengths[r]);
                for (var row = 0; row < rows; row++)
                    expected[row] += Differing(codes + row * bytes, query);
            }
            int[] numbers = [.. Enumerable.Range(0, random.Next(50)).Select(_ => random.Next(rows))];
            foreach (var set in KernelSet.All)
            {
                var sums = new int[Math.Max(rows, numbers.Length)];
                fixed (int* to = sums)
                {
                    set.BitDistance(rings, rows, to);
                    Assert.Equal(expected, sums[..rows]);
                    set.BitDistanceAt(rings, numbers, to);
                    Assert.Equal(numbers.Select(n => expected[n]), sums[..numbers.Length]);
                }
            }
        }
    }

    [Fact]
    public void Codes_laid_column_by_column_give_the_same_sums()
    {
        var random = new Random(4);
        for (var i = 0; i < 60; i++)
        {
            using var memory = new GuardedMemory();
            var (stored, groups) = (random.Next(1, 9), random.Next(1, 8));
            var scored = random.Next(1, stored + 1);
            var codes = memory.AllocateRandom(groups * stored * Group * sizeof(ulong), random, atStart: false);
            var query = Vector(scored * 64 - random.Next(64), random);
            var columns = memory.Allocate(BitWeights.Bytes(query.Length));
            new Span<byte>(columns, BitWeights.Bytes(query.Length)).Clear();
            BitWeights.Write(query, 1 / 31f, columns);
            var expected = new int[groups * Group];
            var code = new ulong[stored];
            for (var row = 0; row < expected.Length; row++)
            {
                for (var c = 0; c < stored; c++)
                    code[c] = *(ulong*)(codes + (row / Group * stored + c) * Group * sizeof(ulong) + row % Group * sizeof(ulong));
                fixed (ulong* words = code)
                    expected[row] = Differing((byte*)words, query);
            }
            foreach (var set in KernelSet.All)
            {
                var sums = new int[expected.Length];
                fixed (int* to = sums)
                    set.BitDistanceInterleaved(codes, columns, scored, stored, groups, to);
                Assert.Equal(expected, sums);
            }
        }
    }

    [Fact]
    public void The_heaviest_weights_do_not_overflow_their_bytes()
    {
        const int Length = 1024;
        var codes = new byte[16 * Length / 8];
        var query = new float[Length];
        Array.Fill(query, 1);
        var columns = new byte[BitWeights.Bytes(Length)];
        fixed (byte* rows = codes, weights = columns)
        {
            Assert.Equal(31 * Length, BitWeights.Write(query, 1 / 31f, weights));
            foreach (var set in KernelSet.All)
            {
                var sums = new int[16];
                fixed (int* to = sums)
                    set.BitDistance([new(rows, Length / 8, weights, Length)], 16, to);
                Assert.All(sums, sum => Assert.Equal(31 * Length, sum));
            }
        }
    }

    [Fact]
    public void Distances_become_cosines_the_same_way_at_every_width()
    {
        var random = new Random(6);
        int[] distances = [.. Enumerable.Range(0, 77).Select(_ => random.Next(4000))];
        float[] scales = [.. distances.Select(_ => random.NextSingle())];
        foreach (var set in KernelSet.All)
        {
            var scores = new float[distances.Length];
            fixed (int* from = distances)
            fixed (float* by = scales, to = scores)
                set.ScaleBits(from, 5000, by, 0.01f, 0.25f, to, scores.Length);
            for (var i = 0; i < scores.Length; i++)
                Assert.Equal((5000 - 2.0 * distances[i]) * 0.01 * scales[i] + 0.25, scores[i], 1e-4);
        }
    }

    private static float[] Vector(int length, Random random)
    {
        var vector = new float[length];
        for (var i = 0; i < length; i++)
            vector[i] = random.NextSingle() * 2 - 1;
        return vector;
    }

    private static int Differing(byte* code, ReadOnlySpan<float> query)
    {
        var sum = 0;
        for (var i = 0; i < query.Length; i++)
            if ((code[i >> 3] >> (i & 7) & 1) != (query[i] > 0 ? 1 : 0))
                sum += (int)Math.Min(MathF.Round(Math.Abs(query[i]) / (1 / 31f)), 31);
        return sum;
    }
}
