using System.Diagnostics;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// Runs a plan: the first stage scores every row at its prefix, or those of the nearest lists, each further one scores the
/// survivors with more dimensions or precision, and the last keeps k. Kusupati et al., "Matryoshka Representation Learning"
/// (2022), section 4.3.1, adaptive retrieval; with more than two stages their funnel retrieval.
/// </summary>
internal sealed class Funnel(Snapshot snapshot, NestedDimensions dimensions, QueryVector query)
{
    /// <summary>The best k rows, best first, ties by id; what every stage did is added to <paramref name="reports"/>.</summary>
    public Scored[] Run(SearchPlan plan, int k, RowSelection? selection, List<StageReport> reports)
    {
        Scored[] survivors = [];
        for (var i = 0; i < plan.Stages.Count; i++)
        {
            var stage = plan.Stages[i];
            // A bounded stage has no number of its own: it hands on what may be among the k.
            var keep = i == plan.Stages.Count - 1 || stage.Bounded ? Math.Min(k, stage.Keep ?? k) : stage.Keep!.Value;
            var started = Stopwatch.GetTimestamp();
            var report = new StageReport(stage.ToString(), 0, 0, 0, default);
            survivors = stage.Bounded ? new BoundedScan(snapshot, dimensions, query, stage.Dimensions ?? query.Length).Run(keep, selection, ref report)
                : stage.ListsPercent is { } percent
                ? new ListsStage(snapshot, dimensions, query, stage.Dimensions ?? query.Length).Run((double)percent / 100, keep, selection, ref report)
                : Score(stage, keep, i == 0 ? null : survivors, selection, ref report);
            reports.Add(report with { Out = survivors.Length, Elapsed = Stopwatch.GetElapsedTime(started) });
        }
        return survivors;
    }

    private Scored[] Score(SearchStage stage, int keep, Scored[]? survivors, RowSelection? selection, ref StageReport report)
    {
        var scorer = new StageScorer(query, dimensions, stage.Precision, stage.Dimensions ?? query.Length);
        var top = new TopK(keep);
        var rows = new RowScan(snapshot, scorer, top);
        long scored = 0;
        if (survivors is not null)
            scored = rows.Survivors(survivors);
        else
            for (var view = 0; view < snapshot.Views.Count; view++)
                scored += rows.All(view, selection);
        report = report with { In = scored, BytesRead = scored * scorer.BytesPerRow };
        return Array.ConvertAll(top.Best().ToArray(), hit => hit with { Score = scorer.Cosine(hit.Score) });
    }
}
