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
/// </remarks>
internal sealed class BoundedScan(Snapshot snapshot, NestedDimensions dimensions, QueryVector query, int prefix)
{
    // What the full vectors' float sums may be off by (ARCHITECTURE.md), on both sides.
    private readonly float rounding = 2 * 1e-5f * MathF.Sqrt(prefix);

    private static readonly ConditionalWeakTable<Segment, ConcurrentDictionary<int, float[]>> Steps = [];

    /// <summary>Every row that may be among the best k, in no order that means anything.</summary>
    public Scored[] Run(int k, RowSelection? selection, ref StageReport report)
    {
        var scorer = new StageScorer(query, dimensions, Precision.Int8, prefix);
        var best = new TopK(k);
        var possible = new List<Scored>();
        long scored = 0;
        for (var view = 0; view < snapshot.Views.Count; view++)
            scored += Scan(scorer, view, selection?.ByView[view], best, possible);
        // What passed early, while little was known, is held against what is known now. Each one's score is its upper bound here.
        var least = best.AscendingThreshold;
        possible.RemoveAll(hit => hit.Score < least);
        report = report with { In = scored, BytesRead = scored * scorer.BytesPerRow };
        return [.. possible];
    }

    private long Scan(StageScorer scorer, int view, RowBitmap? allowed, TopK best, List<Scored> possible)
    {
        var (segment, dead) = (snapshot.Views[view].Segment, snapshot.Views[view].Dead);
        scorer.Bind(segment);
        var (steps, error) = (StepsOf(segment), Error());
        if (allowed is not null && allowed.Count * (long)scorer.PickedRowCost < segment.Rows)
        {
            var rows = allowed.ToRows();
            foreach (var part in rows.Chunk(BlockScorer.Rows))
            {
                var scores = scorer.Blocks.ScoreAt(part);
                for (var i = 0; i < part.Length; i++)
                    Offer(part[i], scores[i], steps[part[i] / BlockScorer.Rows] * error + rounding);
            }
            return rows.Length;
        }
        for (var first = 0; first < segment.Rows; first += BlockScorer.Rows)
        {
            var off = steps[first / BlockScorer.Rows] * error + rounding;
            foreach (var place in scorer.Blocks.Pick(first, Math.Min(BlockScorer.Rows, segment.Rows - first), best.AscendingThreshold - off))
                if (dead?[first + place] != true && allowed?[first + place] != false)
                    Offer(first + place, scorer.Blocks.Scores[place], off);
        }
        return segment.Rows;

        void Offer(int row, float score, float off)
        {
            if (score + off < best.AscendingThreshold)
                return;
            best.Add(score - off, RowScan.Tag(view, row));
            possible.Add(new(score + off, RowScan.Tag(view, row)));
        }
    }

    /// <summary>What the error of a row's cosine is for a step of one; a thousandth more for the float arithmetic of codes and steps.</summary>
    private unsafe float Error()
    {
        double sum = 0;
        foreach (var x in query.Unit[..prefix])
            sum += Math.Abs(x);
        query.Codes(0);
        return (float)((sum + query.CodeScale * 127.0 * prefix) / 2 * query.InverseNorm(prefix) * 1.001);
    }

    /// <summary>The largest step of each block's rows, in cosines: step times inverse norm.</summary>
    private unsafe float[] StepsOf(Segment segment) => Steps.GetOrCreateValue(segment).GetOrAdd(prefix, _ =>
    {
        var steps = new float[(segment.Rows + BlockScorer.Rows - 1) / BlockScorer.Rows];
        var norms = StageScorer.InverseNorms(segment, dimensions, prefix);
        var scales = new float[BlockScorer.Rows];
        for (var block = 0; block < steps.Length; block++)
        {
            var (first, count) = (block * BlockScorer.Rows, Math.Min(BlockScorer.Rows, segment.Rows - block * BlockScorer.Rows));
            segment.ReadRows(PlaneKind.Int8Scale, 0, first, count, MemoryMarshal.AsBytes(scales.AsSpan()));
            for (var i = 0; i < count; i++)
                steps[block] = Math.Max(steps[block], scales[i] * norms[first + i]);
        }
        return steps;
    });
}
