using Matryoshka.Kernels;
using Matryoshka.Search;

namespace Matryoshka.Benchmarks;

/// <summary>The engine's own kernels over planes made for the benchmark, and its list of the best ten.</summary>
internal sealed unsafe class Scanner
{
    private readonly int rows;
    private readonly BlockScorer scorer;
    private readonly TopK best = new(10);
    private readonly Precision precision;
    private readonly Ring[] rings;
    private readonly Ring[] block;

    public Scanner(Precision precision, int rows, (nint Rows, nint Stride, nint Query, int Length)[] parts, float* inverseNorms, float* scales)
    {
        (this.rows, this.precision) = (rows, precision);
        rings = [.. parts.Select(p => new Ring((void*)p.Rows, p.Stride, (void*)p.Query, p.Length))];
        block = [.. rings];
        scorer = new(precision);
        scorer.Bind(rings, inverseNorms, scales, 1);
    }

    public ReadOnlySpan<Scored> Run()
    {
        best.Reset(10);
        for (var first = 0; first < rows; first += BlockScorer.Rows)
        {
            var count = Math.Min(BlockScorer.Rows, rows - first);
            if (precision == Precision.Bit)
                Signs(first, count);
            else
                best.Add(scorer.Scores, scorer.Pick(first, count, best.AscendingThreshold), first);
        }
        return best.Best();
    }

    /// <summary>The rows of these numbers only.</summary>
    public ReadOnlySpan<Scored> RunAt(ReadOnlySpan<int> numbers)
    {
        best.Reset(10);
        for (var done = 0; done < numbers.Length; done += BlockScorer.Rows)
        {
            var part = numbers[done..Math.Min(done + BlockScorer.Rows, numbers.Length)];
            if (precision == Precision.Bit)
                fixed (int* sums = ScoreBlock.Mine.Sums)
                {
                    KernelSet.Current.BitDistanceAt(rings, part, sums);
                    for (var i = 0; i < part.Length; i++)
                        best.Add(-sums[i], part[i]);
                    continue;
                }
            var scores = scorer.ScoreAt(part);
            for (var i = 0; i < part.Length; i++)
                best.Add(scores[i], part[i]);
        }
        return best.Best();
    }

    private void Signs(int first, int count)
    {
        for (var ring = 0; ring < rings.Length; ring++)
            block[ring] = new((byte*)rings[ring].Rows + first * rings[ring].Stride, rings[ring].Stride, rings[ring].Query, rings[ring].Length);
        fixed (int* sums = ScoreBlock.Mine.Sums, picked = ScoreBlock.Mine.Picked)
        {
            KernelSet.Current.BitDistance(block, count, sums);
            var below = KernelSet.Current.SelectBelow(sums, count, best.AscendingDistanceThreshold, picked);
            for (var i = 0; i < below; i++)
                best.Add(-sums[picked[i]], first + picked[i]);
        }
    }
}
