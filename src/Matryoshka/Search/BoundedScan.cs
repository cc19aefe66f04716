using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Exact search by codes: a row's int8 codes say its score but for an error that its scale bounds, so a row whose score and
/// error together stay below the k-th best score less error is provably none of the k best. The others, a few in ten
/// thousand, go on to the full vectors. The filter-and-refine of the VA-file: Weber, Schek and Blott, "A quantitative
/// analysis and performance study for similarity-search methods in high-dimensional spaces" (VLDB 1998).
/// </summary>
/// <remarks>
/// With codes c and step s of a row x, and the query q as codes of step t: |q x - (t q')(s c)| is at most the sum of |q| times s / 2,
/// since no component is further than half a step from its code, plus t / 2 times the sum of |s c|, which 127 s d bounds.
/// Bounding what the later rings can add by their lengths (Cauchy and Schwarz) leaves out nothing: at half of 512 dimensions
/// 98 % of 500,000 texts may still be among the ten nearest, and 45 % when the signs of the other half are known too.
/// </remarks>
internal sealed class BoundedScan : RowScan
{
    private static readonly ConditionalWeakTable<Segment, ConcurrentDictionary<int, float[]>> KnownSteps = [];

    private readonly NestedDimensions dimensions;
    private readonly int prefix;
    private readonly StageScorer scorer;
    private readonly TopK best;
    private readonly List<Scored> possible = [];
    private readonly float error;
    // What the full vectors' float sums may be off by (ARCHITECTURE.md), on both sides.
    private readonly float rounding;
    private float[] steps = [];

    public BoundedScan(Snapshot snapshot, NestedDimensions dimensions, QueryVector query, int prefix, int k) : base(snapshot)
    {
        (this.dimensions, this.prefix) = (dimensions, prefix);
        scorer = new(query, dimensions, Precision.Int8, prefix);
        best = new(k);
        error = Error(query, prefix);
        rounding = 2 * 1e-5f * MathF.Sqrt(prefix);
    }

    public override long BytesPerRow => scorer.BytesPerRow;

    public override int PickedRowCost => scorer.PickedRowCost;

    public override void Offer(int first, int count)
    {
        var off = steps[first / Block] * error + rounding;
        foreach (var place in scorer.Blocks.Pick(first, count, best.AscendingThreshold - off))
            if (May(first + place))
                Offer(first + place, scorer.Blocks.Scores[place], off);
    }

    public override void Offer(ReadOnlySpan<int> rows)
    {
        for (var done = 0; done < rows.Length; done += Block)
        {
            var part = rows[done..Math.Min(done + Block, rows.Length)];
            var scores = scorer.Blocks.ScoreAt(part);
            for (var i = 0; i < part.Length; i++)
                Offer(part[i], scores[i], steps[part[i] / Block] * error + rounding);
        }
    }

    public override void Take(RowScan other)
    {
        var bounded = (BoundedScan)other;
        foreach (var hit in bounded.best.Best())
            best.Add(hit.Score, hit.Tag);
        possible.AddRange(bounded.possible);
    }

    /// <summary>Every row that may be among the best k, in no order that means anything.</summary>
    public override Scored[] Best()
    {
        // What passed early, while little was known, is held against what is known now. Each one's score is its upper bound here.
        best.Best();
        var least = best.AscendingThreshold;
        possible.RemoveAll(hit => hit.Score < least);
        return [.. possible];
    }

    protected override void Bind()
    {
        scorer.Bind(Segment);
        steps = StepsOf(Segment);
    }

    private void Offer(int row, float score, float off)
    {
        if (score + off < best.AscendingThreshold)
            return;
        best.Add(score - off, Tag(View, row));
        possible.Add(new(score + off, Tag(View, row)));
    }

    /// <summary>What the error of a row's cosine is for a step of one; a thousandth more for the float arithmetic of codes and steps.</summary>
    private static unsafe float Error(QueryVector query, int prefix)
    {
        double sum = 0;
        foreach (var x in query.Unit[..prefix])
            sum += Math.Abs(x);
        query.Codes(0);
        return (float)((sum + query.CodeScale * 127.0 * prefix) / 2 * query.InverseNorm(prefix) * 1.001);
    }

    /// <summary>The largest step of each block's rows, in cosines: step times inverse norm.</summary>
    private unsafe float[] StepsOf(Segment segment) => KnownSteps.GetOrCreateValue(segment).GetOrAdd(prefix, _ =>
    {
        var largest = new float[(segment.Rows + Block - 1) / Block];
        var norms = StageScorer.InverseNorms(segment, dimensions, prefix);
        var scales = new float[Block];
        for (var block = 0; block < largest.Length; block++)
        {
            var (first, count) = (block * Block, Math.Min(Block, segment.Rows - block * Block));
            segment.ReadRows(PlaneKind.Int8Scale, 0, first, count, MemoryMarshal.AsBytes(scales.AsSpan()));
            for (var i = 0; i < count; i++)
                largest[block] = Math.Max(largest[block], scales[i] * norms[first + i]);
        }
        return largest;
    });
}
