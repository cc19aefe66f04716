using Matryoshka.Kernels;
using Xunit;

namespace Matryoshka.Tests.Kernels;

public unsafe class ScoringKernelTests
{
    public static TheoryData<Precision> Precisions => [Precision.F32, Precision.F16, Precision.Int8, Precision.Bit];

    [Theory, MemberData(nameof(Precisions))]
    public void Every_width_agrees_with_double_arithmetic_at_every_length(Precision precision)
    {
        var random = new Random(1);
        for (var length = 0; length <= 2048; length += length < 300 ? 1 : random.Next(1, 40))
        {
            using var rings = new RingCase(precision, 1 + length % 6, [length], random);
            Check(rings);
        }
    }

    [Theory, MemberData(nameof(Precisions))]
    public void Every_width_agrees_with_double_arithmetic_over_many_rings_anywhere_in_memory(Precision precision)
    {
        var random = new Random(2);
        for (var i = 0; i < 150; i++)
        {
            var lengths = new int[random.Next(1, 8)];
            for (var r = 0; r < lengths.Length; r++)
                lengths[r] = random.Next(3) switch { 0 => random.Next(40), 1 => 32 << random.Next(4), _ => random.Next(700) };
            using var rings = new RingCase(precision, random.Next(1, 40), lengths, random, padding: random.Next(3) * 31);
            Check(rings);
        }
    }

    [Fact]
    public void Packed_bit_rows_agree_with_double_arithmetic_at_every_mix_of_ring_widths()
    {
        var random = new Random(3);
        for (var mix = 0; mix < 64; mix++)
        {
            int[] lengths = [.. ((int[])[32, 32, 64, 128, 256, 512]).Where((_, ring) => (mix >> ring & 1) != 0)];
            using var rings = new RingCase(Precision.Bit, random.Next(1, 100), lengths, random);
            Check(rings);
        }
    }

    [Theory, MemberData(nameof(Precisions))]
    public void Scoring_by_number_gives_the_same_bits_as_in_sequence(Precision precision)
    {
        var random = new Random(5);
        for (var i = 0; i < 30; i++)
        {
            using var rings = new RingCase(precision, 50, [random.Next(1, 80), 64, random.Next(500)], random, padding: 5);
            int[] numbers = [.. Enumerable.Range(0, random.Next(90)).Select(_ => random.Next(50))];
            foreach (var set in KernelSet.All)
            {
                var inSequence = rings.Run(set, 50);
                Assert.Equal(numbers.Select(n => inSequence[n]), rings.Run(set, numbers.Length, numbers));
            }
        }
    }

    [Theory, MemberData(nameof(Precisions))]
    public void A_row_scores_the_same_bits_in_a_block_of_any_size(Precision precision)
    {
        using var rings = new RingCase(precision, 40, [32, 32, 64, 200], new(6));
        foreach (var set in KernelSet.All)
        {
            var all = rings.Run(set, 40);
            for (var count = 0; count < 40; count++)
                Assert.Equal(all.Take(count), rings.Run(set, count));
        }
    }

    [Fact]
    public void Every_finite_half_widens_exactly()
    {
        const int Rows = 2048, Length = 32;
        using var rings = new RingCase(Precision.F16, Rows, [Length], new(7));
        var (rows, query) = ((nint)rings.Rings[0].Rows, (nint)rings.Rings[0].Query);
        new Span<float>((void*)query, Length).Fill(1);
        for (var first = 0; first < 65536; first += Rows)
        {
            new Span<Half>((void*)rows, Rows * Length).Clear();
            for (var i = 0; i < Rows; i++)
                if (Half.IsFinite(HalfFrom(first + i)))
                    ((Half*)rows)[i * Length + i % Length] = HalfFrom(first + i);
            foreach (var set in KernelSet.All)
            {
                var sums = rings.Run(set, Rows);
                for (var i = 0; i < Rows; i++)
                    if (Half.IsFinite(HalfFrom(first + i)))
                        Assert.Equal((double)HalfFrom(first + i) + 0.0, sums[i] + 0.0);
            }
        }
    }

    [Fact]
    public void The_longest_row_of_extreme_bytes_stays_exact()
    {
        const int Length = 65536;
        using var rings = new RingCase(Precision.Int8, 1, [Length], new(8));
        new Span<sbyte>(rings.Rings[0].Rows, Length).Fill(-128);
        new Span<short>(rings.Rings[0].Query, Length).Fill(-127);
        foreach (var set in KernelSet.All)
            Assert.Equal(128.0 * 127 * Length, rings.Run(set, 1)[0]);
    }

    [Theory, MemberData(nameof(Precisions))]
    public void No_rings_and_empty_rings_score_zero(Precision precision)
    {
        foreach (var lengths in (int[][])[[], [0], [0, 0]])
        {
            using var rings = new RingCase(precision, 5, lengths, new(9));
            foreach (var set in KernelSet.All)
                Assert.Equal(new double[5], rings.Run(set, 5));
        }
    }

    private static Half HalfFrom(int bits) => BitConverter.UInt16BitsToHalf((ushort)bits);

    private static void Check(RingCase rings)
    {
        var expected = Enumerable.Range(0, rings.Rows).Select(rings.Expected).ToArray();
        foreach (var set in KernelSet.All)
        {
            var sums = rings.Run(set, rings.Rows);
            for (var row = 0; row < rings.Rows; row++)
            {
                var tolerance = rings.Precision is Precision.F32 or Precision.F16 ? 1e-6 * expected[row].Magnitude : 0;
                Assert.True(Math.Abs(sums[row] - expected[row].Sum) <= tolerance,
                    $"{set.Name} {rings.Precision}, rings {string.Join(' ', rings.Rings.Select(r => r.Length))}, row {row} of {rings.Rows}: {sums[row]} instead of {expected[row].Sum}");
            }
        }
    }
}
