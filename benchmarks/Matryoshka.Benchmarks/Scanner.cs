using Matryoshka.Kernels;
using Matryoshka.Search;

namespace Matryoshka.Benchmarks;

/// <summary>The engine's own flat scan over planes made for the benchmark: its block scorer and its list of the best ten.</summary>
internal sealed unsafe class Scanner
{
    private readonly int rows;
    private readonly BlockScorer scorer;
    private readonly TopK best = new(10);

    public Scanner(Precision precision, int rows, (nint Rows, nint Stride, nint Query, int Length)[] parts, float* inverseNorms, float* scales)
    {
        this.rows = rows;
        scorer = new(precision);
        scorer.Bind([.. parts.Select(p => new Ring((void*)p.Rows, p.Stride, (void*)p.Query, p.Length))], inverseNorms, scales, 1);
    }

    public ReadOnlySpan<Scored> Run()
    {
        best.Reset(10);
        for (var first = 0; first < rows; first += BlockScorer.Rows)
        {
            var picked = scorer.Pick(first, Math.Min(BlockScorer.Rows, rows - first), best);
            best.Add(scorer.Scores, picked, first);
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
            var scores = scorer.ScoreAt(part);
            for (var i = 0; i < part.Length; i++)
                best.Add(scores[i], part[i]);
        }
        return best.Best();
    }
}
