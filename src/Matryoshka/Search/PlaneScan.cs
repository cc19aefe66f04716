using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>Scans int8 codes or full vectors by the cosines of a prefix.</summary>
internal sealed class PlaneScan(Snapshot snapshot, StageScorer scorer, TopK top) : RowScan(snapshot)
{
    public override long BytesPerRow => scorer.BytesPerRow;

    public override int PickedRowCost => scorer.PickedRowCost;

    public override void Offer(int first, int count)
    {
        var picked = scorer.Blocks.Pick(first, count, top.AscendingThreshold);
        var scores = scorer.Blocks.Scores;
        foreach (var place in picked)
            if (May(first + place))
                top.Add(scores[place], Tag(View, first + place));
    }

    public override void Offer(ReadOnlySpan<int> rows)
    {
        for (var done = 0; done < rows.Length; done += Block)
        {
            var part = rows[done..Math.Min(done + Block, rows.Length)];
            var scores = scorer.Blocks.ScoreAt(part);
            for (var i = 0; i < part.Length; i++)
                top.Add(scores[i], Tag(View, part[i]));
        }
    }

    public override void Take(RowScan other)
    {
        foreach (var hit in ((PlaneScan)other).Best())
            top.Add(hit.Score, hit.Tag);
    }

    public override Scored[] Best() => top.Best().ToArray();

    protected override void Bind() => scorer.Bind(Segment);
}
