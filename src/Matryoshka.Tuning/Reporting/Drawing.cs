using System.Globalization;
using ScottPlot;

namespace Matryoshka.Tuning.Reporting;

/// <summary>What pictures are made of.</summary>
internal static class Drawing
{
    public static void Dot(Plot plot, double x, double y, Color colour, float size)
    {
        var dot = plot.Add.Marker(x, y, MarkerShape.FilledCircle, size, colour);
        dot.LegendText = null!;
    }

    public static void Line(Plot plot, (double X, double Y)[] points, Color colour, float width, string? legend, float marker = 0)
    {
        var line = plot.Add.Scatter(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), colour);
        (line.LineWidth, line.MarkerSize) = (width, marker);
        if (legend is not null)
            line.LegendText = legend;
    }

    /// <summary>Marks with bars of their intervals.</summary>
    public static void Estimates(Plot plot, (double X, double Y, double Low, double High)[] points, Color colour, MarkerShape shape, string? legend)
    {
        var (xs, ys) = (points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray());
        var bars = new ScottPlot.Plottables.ErrorBar(xs, ys, null, null, [.. points.Select(point => Math.Max(0, point.Y - point.Low))], [.. points.Select(point => Math.Max(0, point.High - point.Y))]);
        plot.PlottableList.Add(bars);
        (bars.Color, bars.LineWidth, bars.CapSize) = (colour.WithAlpha(0.45), 1.2f, 0);
        var marks = plot.Add.ScatterPoints(xs, ys, colour);
        (marks.MarkerSize, marks.MarkerShape) = (8, shape);
        if (legend is not null)
            marks.LegendText = legend;
    }

    /// <summary>A line inside the band of its interval.</summary>
    public static void Banded(Plot plot, (double X, double Y, double Low, double High)[] points, Color colour, string legend)
    {
        var band = plot.Add.FillY([.. points.Select(point => point.X)], [.. points.Select(point => point.Low)], [.. points.Select(point => point.High)]);
        (band.FillColor, band.LineWidth, band.MarkerSize) = (colour.WithAlpha(0.15), 0, 0);
        Line(plot, [.. points.Select(point => (point.X, point.Y))], colour, 2.2f, legend, 8);
    }

    /// <summary>A value of quality, from 0 to 1.</summary>
    public static void Quality(Plot plot, string metric)
    {
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { LabelFormatter = value => value.ToString("0.00", CultureInfo.InvariantCulture) };
        plot.YLabel(metric);
    }

    /// <summary>An axis of dimensions, each as far from the next as any other; every so many are named.</summary>
    public static void Dimensions(Plot plot, IReadOnlyList<int> dimensions)
    {
        var shown = Enumerable.Range(0, dimensions.Count).Where(i => dimensions.Count <= 10 || i % ((dimensions.Count + 9) / 10) == 0 || i == dimensions.Count - 1).ToList();
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. shown.Select(i => (double)i)], [.. shown.Select(i => dimensions[i].ToString(CultureInfo.InvariantCulture))]);
        plot.Axes.SetLimitsX(-0.3, dimensions.Count - 0.7);
        plot.XLabel("dimensions");
    }

    // The library's axes are linear: logarithms are drawn, and the ticks say what they are of.
    public static void Logarithmic(Plot plot, double least, double most, Canvas canvas, Func<double, string> format)
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

    /// <summary>An axis of shares; behind the last tick there is only room for names.</summary>
    public static void Shares(Plot plot, double least, double most, double last = 1)
    {
        var step = Array.Find([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2], candidate => (most - least) / candidate <= 9);
        step = step == 0 ? 0.25 : step;
        var places = new List<double>();
        for (var at = Math.Ceiling(least / step) * step; at <= Math.Min(most, last + 0.0001); at += step)
            places.Add(at);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. places], [.. places.Select(at => (at * 100).ToString(step < 0.01 ? "0.0" : "0", CultureInfo.InvariantCulture) + " %")]);
        plot.Axes.SetLimitsY(least, most);
    }
}
