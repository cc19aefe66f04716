using ScottPlot;

namespace Matryoshka.Tuning.Reporting;

/// <summary>The pictures of a report.</summary>
internal static class Pictures
{
    private const int MostCurves = 7;

    public static IReadOnlyList<Picture> Of(TuneReport report) =>
    [
        new("quality-memory", $"{report.Metric} kept against memory", "Each dot is a plan: how much of full quality it keeps, with its 95 % interval, and the bytes a vector that must stay in memory. Up and to the left is better; the line joins what no plan beats.",
            (plot, canvas) => Front(plot, canvas, report, plan => plan.ResidentBytes, "bytes a vector in memory", Words.Grouped)),
        new("quality-latency", $"{report.Metric} kept against time", "The same plans against the median time of a query, one at a time on one thread.",
            (plot, canvas) => Front(plot, canvas, report, plan => plan.Latency?.P50 ?? plan.RoughSeconds * 1e6, "median time of a query", Words.Microseconds)),
        new("quality-dimension", $"{report.Metric} by dimension", "Exact search at every nested dimension, at each precision, with 95 % bands, which are wide where a plan was dropped after a hundred queries. The dashed line is the full vector.",
            (plot, _) => ByDimension(plot, report)),
        new("depth", "How many candidates the first stage must keep", $"Of what exact search finds among its {report.Options.K} and is {(report.Truth.Kind == TruthKind.FullRanking ? "therefore wanted" : "relevant")}: the share that each first stage places within so many candidates. A later stage cannot bring back what the first has cut.",
            (plot, canvas) => Depths(plot, canvas, report)),
        new("latency", "How long queries take", "The share of queries answered within a time: the recommended plan, the next dearer and exact search. A steep line is a steady plan; its upper end is the tail.",
            (plot, canvas) => Latencies(plot, canvas, report)),
        .. report.Recommendation.Reranked is null ? [] : (Picture[])[new("rerank", "What a reranker adds", "How much of full quality is reached when a reranker puts so many candidates in order, with 95 % bands; beside each the median time of a whole search. The dashed line is the recommended plan.",
            (plot, canvas) => Reranked(plot, canvas, report))],
    ];

    private static void Front(Plot plot, Canvas canvas, TuneReport report, Func<PlanResult, double> cost, string axis, Func<double, string> format)
    {
        // Rerankers have a picture of their own: they take so much longer that nothing else could be told apart beside them.
        var measured = report.Plans.Where(plan => plan is { Measured: true, Plan.Rerank: null }).ToList();
        var least = Math.Min(report.Options.Keep - 0.02, measured.Where(plan => plan.OnFront).Min(plan => plan.Kept.Share) - 0.01);
        // Far under the share asked for there is nothing to choose; the axis ends where the front is still of use.
        var bottom = Math.Max(least, report.Options.Keep - 0.16);
        foreach (var plan in report.Plans.Where(plan => !plan.Measured && plan.Kept.Share >= bottom))
            Drawing.Dot(plot, Math.Log10(cost(plan)), plan.Kept.Share, Palette.Faint, 4);
        var target = plot.Add.HorizontalLine(report.Options.Keep, 1.5f, Palette.Chosen, LinePattern.Dashed);
        target.LegendText = $"{Words.Percent(report.Options.Keep)} asked";
        Drawing.Line(plot, [.. FrontOf(measured, cost).Select(plan => (Math.Log10(cost(plan)), plan.Kept.Share))], Palette.Muted, 1.6f, null);
        foreach (var group in measured.Where(plan => plan.Kept.Share >= bottom).GroupBy(plan => KindOf(plan.Plan)).OrderBy(group => group.Key, StringComparer.Ordinal))
            Drawing.Estimates(plot, [.. group.Select(plan => (Math.Log10(cost(plan)), plan.Kept.Share, plan.Kept.Low, plan.Kept.High))], Palette.Of(group.First().Plan), MarkerShape.FilledCircle, group.Key);
        Mark(plot, report, cost, canvas);
        var all = report.Plans.Where(plan => plan.Plan.Rerank is null && plan.Kept.Share >= bottom).Select(cost).ToList();
        Drawing.Logarithmic(plot, all.Min() / 1.25, all.Max() * (canvas.Narrow ? 1.5 : 1.25), canvas, format);
        // Room above for the names of what is marked.
        var top = Math.Max(1, measured.Max(plan => Math.Min(plan.Kept.High, 1.02)));
        Drawing.Shares(plot, bottom, top + (top - bottom) * 0.12);
        plot.XLabel(axis);
        plot.YLabel($"share of full {report.Metric}");
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static string KindOf(SearchPlan plan) => plan.Stages[0].ListsPercent is not null ? "reads lists" : $"scans {plan.Stages[0].Precision.ToString().ToLowerInvariant()}";

    private static List<PlanResult> FrontOf(List<PlanResult> plans, Func<PlanResult, double> cost)
    {
        var front = new List<PlanResult>();
        foreach (var plan in plans.OrderBy(cost).ThenByDescending(plan => plan.Kept.Share))
            if (front.Count == 0 || plan.Kept.Share > front[^1].Kept.Share)
                front.Add(plan);
        return front;
    }

    private static void Mark(Plot plot, TuneReport report, Func<PlanResult, double> cost, Canvas canvas)
    {
        void Label(PlanResult plan, string text, Color colour, bool above)
        {
            var label = plot.Add.Text(text, Math.Log10(cost(plan)), plan.Kept.Share);
            (label.LabelFontColor, label.LabelFontSize, label.LabelBold, label.LabelFontName) = (colour, 13, true, PictureFont.Name);
            (label.LabelAlignment, label.OffsetX, label.OffsetY) = (above ? Alignment.LowerCenter : Alignment.UpperCenter, 0, above ? -11 : 11);
        }
        Label(report.Full, "exact", Palette.Ink, above: true);
        if (report.Recommendation.Plan is not { Plan.Rerank: null } chosen)
            return;
        var ring = plot.Add.Marker(Math.Log10(cost(chosen)), chosen.Kept.Share, MarkerShape.OpenCircle, 18, Palette.Chosen);
        ring.MarkerLineWidth = 3;
        if (!chosen.Plan.Equals(report.Full.Plan))
            Label(chosen, canvas.Narrow ? "use this" : chosen.Name, Palette.Chosen, above: true);
    }

    private static void ByDimension(Plot plot, TuneReport report)
    {
        var dimensions = report.NestedDimensions;
        var at = dimensions.Select((d, i) => (d, i)).ToDictionary(pair => pair.d, pair => (double)pair.i);
        foreach (var precision in new[] { report.FullPrecision, Precision.Int8, Precision.Bit })
        {
            var line = report.Plans.Where(plan => plan.Plan is { Rerank: null, Stages: [var only] } && only.Precision == precision)
                .Select(plan => (X: at[plan.Plan.Stages[0].Dimensions ?? report.Dimensions], Plan: plan)).OrderBy(point => point.X).ToList();
            if (line.Count == 0)
                continue;
            // What was dropped early was measured on fewer queries: its share of full on those, of what full has on all.
            var full = report.Full.Quality[report.Metric];
            Drawing.Banded(plot, [.. line.Select(point => (point.X, point.Plan.Kept.Share * full, point.Plan.Kept.Low * full, point.Plan.Kept.High * full))], Palette.Of(line[0].Plan.Plan), precision.ToString().ToLowerInvariant());
        }
        var whole = plot.Add.HorizontalLine(report.Full.Quality[report.Metric], 1.5f, Palette.Muted, LinePattern.Dashed);
        whole.LegendText = "full vector";
        Drawing.Dimensions(plot, dimensions);
        Drawing.Quality(plot, report.Metric);
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void Depths(Plot plot, Canvas canvas, TuneReport report)
    {
        var chosen = (report.Recommendation.Plan ?? report.Full).Plan.Stages[0];
        // Scans of full vectors place what they find as int8 ones do, and nobody shortlists by them.
        var curves = report.DepthCurves.Where(curve => curve.Depths.Count > 1 && (!curve.FirstStage.StartsWith('f') || curve.FirstStage == (chosen with { Keep = null }).ToString())).OrderByDescending(curve => curve.FirstStage == (chosen with { Keep = null }).ToString())
            .ThenByDescending(curve => curve.FirstStage.StartsWith("lists", StringComparison.Ordinal)).ThenByDescending(curve => curve.Queries).ThenBy(curve => Math.Abs(curve.Shares[0] - 0.8)).Take(canvas.Narrow ? 5 : MostCurves).OrderByDescending(curve => curve.Shares[0]).ToList();
        var colours = Palette.Series;
        for (var i = 0; i < curves.Count; i++)
        {
            var isChosen = curves[i].FirstStage == (chosen with { Keep = null }).ToString();
            Drawing.Line(plot, [.. curves[i].Depths.Select((depth, d) => (Math.Log10(depth), curves[i].Shares[d]))], isChosen ? Palette.Chosen : colours[i % colours.Length], isChosen ? 3 : 1.8f, curves[i].FirstStage, isChosen ? 7 : 5);
        }
        if (chosen.Keep is { } keep)
        {
            var mark = plot.Add.VerticalLine(Math.Log10(keep), 1.5f, Palette.Chosen, LinePattern.Dashed);
            mark.LegendText = $"recommended: {Words.Grouped(keep)}";
        }
        var deepest = curves.Count == 0 ? 10 : curves.Max(curve => curve.Depths[^1]);
        Drawing.Logarithmic(plot, report.Options.K / 1.1, deepest * 1.15, canvas, Words.Grouped);
        Drawing.Shares(plot, Math.Max(0, (curves.Count == 0 ? 0.9 : curves.Min(curve => curve.Shares[0])) - 0.02), 1.01);
        plot.XLabel("candidates kept by the first stage");
        plot.YLabel("share of what is wanted");
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void Latencies(Plot plot, Canvas canvas, TuneReport report)
    {
        var plans = new List<(PlanResult Plan, string Name, Color Colour)>();
        if (report.Recommendation.Plan is { } chosen && !chosen.Plan.Equals(report.Full.Plan))
            plans.Add((chosen, "recommended: " + chosen.Name, Palette.Chosen));
        if (report.Recommendation.Dearer is { } dearer && !dearer.Plan.Equals(report.Full.Plan))
            plans.Add((dearer, "next dearer: " + dearer.Name, Palette.Violet));
        plans.Add((report.Full, "exact: " + report.Full.Name, Palette.Full));
        foreach (var (plan, name, colour) in plans)
        {
            var times = plan.Latency!.Distribution;
            Drawing.Line(plot, [.. times.Select((time, i) => (Math.Log10(time), i == times.Count - 1 ? 0.99 : i / 50.0))], colour, 2.2f, canvas.Narrow ? name.Split(':')[0] : name);
            var tail = plot.Add.Marker(Math.Log10(plan.Latency.P95), 0.95, MarkerShape.FilledCircle, 8, colour);
            tail.LegendText = null!;
        }
        Drawing.Logarithmic(plot, plans.Min(plan => plan.Plan.Latency!.Distribution[1]) / 1.2, plans.Max(plan => plan.Plan.Latency!.P99) * 1.3, canvas, Words.Microseconds);
        Drawing.Shares(plot, 0, 1.02);
        plot.XLabel("time of a query (the dot is p95)");
        plot.YLabel("share of queries answered");
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void Reranked(Plot plot, Canvas canvas, TuneReport report)
    {
        var plans = report.Plans.Where(plan => plan.Plan.Rerank is not null).ToList();
        double Depth(PlanResult plan) => plan.Plan.Stages[^1].Keep!.Value;
        foreach (var (i, group) in plans.GroupBy(plan => plan.Plan.Rerank!.Name).Index())
        {
            var colour = Palette.Series[(i + 3) % Palette.Series.Length];
            Drawing.Banded(plot, [.. group.OrderBy(Depth).Select(plan => (Math.Log10(Depth(plan)), plan.Kept.Share, plan.Kept.Low, plan.Kept.High))], colour, group.Key);
            foreach (var plan in group)
            {
                var label = plot.Add.Text(Words.Microseconds(plan.Latency!.P50), Math.Log10(Depth(plan)), plan.Kept.Share);
                (label.LabelFontColor, label.LabelFontSize, label.LabelFontName, label.LabelAlignment, label.OffsetY) = (colour, 13, PictureFont.Name, Alignment.LowerCenter, -9);
            }
        }
        var without = report.Recommendation.Plan is { Plan.Rerank: null } chosen ? chosen : report.Full;
        var line = plot.Add.HorizontalLine(without.Kept.Share, 1.5f, Palette.Chosen, LinePattern.Dashed);
        line.LegendText = canvas.Narrow ? "without" : $"without: {without.Name}";
        Drawing.Logarithmic(plot, plans.Min(Depth) / 1.3, plans.Max(Depth) * 1.3, canvas, Words.Grouped);
        var (low, high) = (Math.Min(without.Kept.Share, plans.Min(plan => plan.Kept.Low)), Math.Max(without.Kept.Share, plans.Max(plan => plan.Kept.High)));
        Drawing.Shares(plot, low - (high - low) * 0.25, high + (high - low) * 0.05, high);
        plot.XLabel("candidates read by the reranker");
        plot.YLabel($"share of full {report.Metric}");
        plot.ShowLegend(Alignment.LowerRight);
    }
}
