using System.Globalization;
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
            (plot, canvas) => ByDimension(plot, canvas, report)),
        new("depth", "How many candidates the first stage must keep", $"Of what exact search finds among its {report.Options.K} and is {(report.Truth.Kind == TruthKind.FullRanking ? "therefore wanted" : "relevant")}: the share that each first stage places within so many candidates. A later stage cannot bring back what the first has cut.",
            (plot, canvas) => Depths(plot, canvas, report)),
        new("latency", "How long queries take", "The share of queries answered within a time: the recommended plan, the next dearer and exact search. A steep line is a steady plan; its upper end is the tail.",
            (plot, canvas) => Latencies(plot, canvas, report)),
    ];

    private static void Front(Plot plot, Canvas canvas, TuneReport report, Func<PlanResult, double> cost, string axis, Func<double, string> format)
    {
        var measured = report.Plans.Where(plan => plan.Measured).ToList();
        var least = Math.Min(report.Options.Keep - 0.02, measured.Where(plan => plan.OnFront).Min(plan => plan.Kept.Share) - 0.01);
        // Far under the share asked for there is nothing to choose; the axis ends where the front is still of use.
        var bottom = Math.Max(least, report.Options.Keep - 0.16);
        foreach (var plan in report.Plans.Where(plan => !plan.Measured && plan.Kept.Share >= bottom))
            Dot(plot, Math.Log10(cost(plan)), plan.Kept.Share, Palette.Faint, 4);
        var target = plot.Add.HorizontalLine(report.Options.Keep, 1.5f, Palette.Chosen, LinePattern.Dashed);
        target.LegendText = $"{Words.Percent(report.Options.Keep)} asked";
        Line(plot, [.. FrontOf(measured, cost).Select(plan => (Math.Log10(cost(plan)), plan.Kept.Share))], Palette.Muted, 1.6f, null);
        foreach (var group in measured.Where(plan => plan.Kept.Share >= bottom).GroupBy(plan => (Lists: plan.Plan.Stages[0].ListsPercent is not null, plan.Plan.Stages[0].Precision)).OrderBy(group => group.Key))
        {
            var colour = Palette.Of(group.First().Plan);
            var (xs, ys) = (group.Select(plan => Math.Log10(cost(plan))).ToArray(), group.Select(plan => plan.Kept.Share).ToArray());
            var bars = new ScottPlot.Plottables.ErrorBar(xs, ys, null, null, [.. group.Select(plan => Math.Max(0, plan.Kept.Share - plan.Kept.Low))], [.. group.Select(plan => Math.Max(0, plan.Kept.High - plan.Kept.Share))]);
            plot.PlottableList.Add(bars);
            (bars.Color, bars.LineWidth, bars.CapSize) = (colour.WithAlpha(0.45), 1.2f, 0);
            var dots = plot.Add.ScatterPoints(xs, ys, colour);
            (dots.MarkerSize, dots.LegendText) = (8, group.Key.Lists ? "reads lists" : $"scans {group.Key.Precision.ToString().ToLowerInvariant()}");
        }
        Mark(plot, report, cost, canvas);
        var all = report.Plans.Where(plan => plan.Kept.Share >= bottom).Select(cost).ToList();
        Logarithmic(plot, all.Min() / 1.25, all.Max() * (canvas.Narrow ? 1.5 : 1.25), canvas, format);
        // Room above for the names of what is marked.
        var top = Math.Max(1, measured.Max(plan => Math.Min(plan.Kept.High, 1.02)));
        Shares(plot, bottom, top + (top - bottom) * 0.12);
        plot.XLabel(axis);
        plot.YLabel($"share of full {report.Metric}");
        plot.ShowLegend(Alignment.LowerRight);
    }

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
        if (report.Recommendation.Plan is not { } chosen)
            return;
        var ring = plot.Add.Marker(Math.Log10(cost(chosen)), chosen.Kept.Share, MarkerShape.OpenCircle, 18, Palette.Chosen);
        ring.MarkerLineWidth = 3;
        if (!chosen.Plan.Equals(report.Full.Plan))
            Label(chosen, canvas.Narrow ? "use this" : chosen.Name, Palette.Chosen, above: true);
    }

    private static void ByDimension(Plot plot, Canvas canvas, TuneReport report)
    {
        var dimensions = report.NestedDimensions;
        var at = dimensions.Select((d, i) => (d, i)).ToDictionary(pair => pair.d, pair => (double)pair.i);
        foreach (var precision in new[] { report.FullPrecision, Precision.Int8, Precision.Bit })
        {
            var line = report.Plans.Where(plan => plan.Plan.Stages is [var only] && only.Precision == precision)
                .Select(plan => (X: at[plan.Plan.Stages[0].Dimensions ?? report.Dimensions], Plan: plan)).OrderBy(point => point.X).ToList();
            if (line.Count == 0)
                continue;
            var colour = Palette.Of(line[0].Plan.Plan);
            // What was dropped early was measured on fewer queries: its share of full on those, of what full has on all.
            var full = report.Full.Quality[report.Metric];
            double[] xs = [.. line.Select(point => point.X)];
            var band = plot.Add.FillY(xs, [.. line.Select(point => point.Plan.Kept.Low * full)], [.. line.Select(point => point.Plan.Kept.High * full)]);
            (band.FillColor, band.LineWidth, band.MarkerSize) = (colour.WithAlpha(0.15), 0, 0);
            Line(plot, [.. line.Select(point => (point.X, point.Plan.Kept.Share * full))], colour, 2.2f, precision.ToString().ToLowerInvariant(), 8);
        }
        var whole = plot.Add.HorizontalLine(report.Full.Quality[report.Metric], 1.5f, Palette.Muted, LinePattern.Dashed);
        whole.LegendText = "full vector";
        var shown = dimensions.Where((_, i) => dimensions.Count <= 10 || i % ((dimensions.Count + 9) / 10) == 0 || i == dimensions.Count - 1).ToList();
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. shown.Select(d => at[d])], [.. shown.Select(d => d.ToString(CultureInfo.InvariantCulture))]);
        plot.Axes.SetLimitsX(-0.3, dimensions.Count - 0.7);
        plot.XLabel("dimensions");
        plot.YLabel(report.Metric);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { LabelFormatter = value => value.ToString("0.00", CultureInfo.InvariantCulture) };
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void Depths(Plot plot, Canvas canvas, TuneReport report)
    {
        var chosen = (report.Recommendation.Plan ?? report.Full).Plan.Stages[0];
        // Scans of full vectors place what they find as int8 ones do, and nobody shortlists by them.
        var curves = report.DepthCurves.Where(curve => curve.Depths.Count > 1 && (!curve.FirstStage.StartsWith('f') || curve.FirstStage == (chosen with { Keep = null }).ToString())).OrderByDescending(curve => curve.FirstStage == (chosen with { Keep = null }).ToString())
            .ThenByDescending(curve => curve.Queries).ThenBy(curve => Math.Abs(curve.Shares[0] - 0.8)).Take(canvas.Narrow ? 5 : MostCurves).OrderByDescending(curve => curve.Shares[0]).ToList();
        var colours = Palette.Series;
        for (var i = 0; i < curves.Count; i++)
        {
            var isChosen = curves[i].FirstStage == (chosen with { Keep = null }).ToString();
            Line(plot, [.. curves[i].Depths.Select((depth, d) => (Math.Log10(depth), curves[i].Shares[d]))], isChosen ? Palette.Chosen : colours[i % colours.Length], isChosen ? 3 : 1.8f, curves[i].FirstStage, isChosen ? 7 : 5);
        }
        if (chosen.Keep is { } keep)
        {
            var mark = plot.Add.VerticalLine(Math.Log10(keep), 1.5f, Palette.Chosen, LinePattern.Dashed);
            mark.LegendText = $"recommended: {Words.Grouped(keep)}";
        }
        var deepest = curves.Count == 0 ? 10 : curves.Max(curve => curve.Depths[^1]);
        Logarithmic(plot, report.Options.K / 1.1, deepest * 1.15, canvas, Words.Grouped);
        Shares(plot, Math.Max(0, (curves.Count == 0 ? 0.9 : curves.Min(curve => curve.Shares[0])) - 0.02), 1.01);
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
            Line(plot, [.. times.Select((time, i) => (Math.Log10(time), i == times.Count - 1 ? 0.99 : i / 50.0))], colour, 2.2f, canvas.Narrow ? name.Split(':')[0] : name);
            var tail = plot.Add.Marker(Math.Log10(plan.Latency.P95), 0.95, MarkerShape.FilledCircle, 8, colour);
            tail.LegendText = null!;
        }
        Logarithmic(plot, plans.Min(plan => plan.Plan.Latency!.Distribution[1]) / 1.2, plans.Max(plan => plan.Plan.Latency!.P99) * 1.3, canvas, Words.Microseconds);
        Shares(plot, 0, 1.02);
        plot.XLabel("time of a query (the dot is p95)");
        plot.YLabel("share of queries answered");
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void Dot(Plot plot, double x, double y, Color colour, float size)
    {
        var dot = plot.Add.Marker(x, y, MarkerShape.FilledCircle, size, colour);
        dot.LegendText = null!;
    }

    private static void Line(Plot plot, (double X, double Y)[] points, Color colour, float width, string? legend, float marker = 0)
    {
        var line = plot.Add.Scatter(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), colour);
        (line.LineWidth, line.MarkerSize) = (width, marker);
        if (legend is not null)
            line.LegendText = legend;
    }

    // The library's axes are linear: logarithms are drawn, and the ticks say what they are of.
    private static void Logarithmic(Plot plot, double least, double most, Canvas canvas, Func<double, string> format)
    {
        var decades = Math.Log10(most / least);
        int[] steps = decades > (canvas.Narrow ? 2.2 : 3) ? [1] : decades > (canvas.Narrow ? 0.8 : 1.2) ? canvas.Narrow ? [1, 3] : [1, 2, 5] : canvas.Narrow ? [1, 2, 5] : [1, 2, 3, 4, 6, 8];
        var (places, labels) = (new List<double>(), new List<string>());
        for (var decade = Math.Floor(Math.Log10(least)); decade <= Math.Log10(most); decade++)
            foreach (var step in steps)
                if (step * Math.Pow(10, decade) is var value && value >= least && value <= most)
                {
                    places.Add(Math.Log10(value));
                    labels.Add(format(value));
                }
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. places], [.. labels]);
        plot.Axes.SetLimitsX(Math.Log10(least), Math.Log10(most));
    }

    private static void Shares(Plot plot, double least, double most)
    {
        var step = Array.Find([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2], candidate => (most - least) / candidate <= 9);
        step = step == 0 ? 0.25 : step;
        var places = new List<double>();
        for (var at = Math.Ceiling(least / step) * step; at <= Math.Min(most, 1.0001); at += step)
            places.Add(at);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. places], [.. places.Select(at => (at * 100).ToString(step < 0.01 ? "0.0" : "0", CultureInfo.InvariantCulture) + " %")]);
        plot.Axes.SetLimitsY(least, most);
    }
}
