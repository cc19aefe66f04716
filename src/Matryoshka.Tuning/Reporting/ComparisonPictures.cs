using ScottPlot;

namespace Matryoshka.Tuning.Reporting;

/// <summary>The pictures of a comparison of models.</summary>
internal static class ComparisonPictures
{
    private const int LongestName = 34;

    public static IReadOnlyList<Picture> Of(ComparisonReport report) =>
    [
        new("quality-dimension", $"{report.Metric} by dimension", "Every model at each of its nested dimensions, at full precision, with 95 % bands. Bands are of each model by itself: models answer the same queries, so they can differ clearly where bands overlap; the table says which do.",
            (plot, canvas) => ByDimension(plot, canvas, report)),
        new("quality-bytes", $"{report.Metric} against bytes", "Every dimension and precision of every model: a circle is full precision, a square int8, a triangle bit. Up and to the left is better; each line joins what nothing of its model beats.",
            (plot, canvas) => ByBytes(plot, canvas, report)),
    ];

    private static void ByDimension(Plot plot, Canvas canvas, ComparisonReport report)
    {
        List<int> dimensions = [.. report.Models.SelectMany(model => model.AtFullPrecision).Select(at => at.Dimensions).Distinct().Order()];
        foreach (var (m, model) in report.Models.Index())
            Drawing.Banded(plot, [.. model.AtFullPrecision.Select(at => ((double)dimensions.IndexOf(at.Dimensions), at.Quality[report.Metric], at.Low, at.High))], ColourOf(m), NameOf(model.Model, canvas));
        Drawing.Dimensions(plot, dimensions);
        Drawing.Quality(plot, report.Metric);
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static void ByBytes(Plot plot, Canvas canvas, ComparisonReport report)
    {
        foreach (var (m, model) in report.Models.Index())
        {
            var front = new List<DimensionQuality>();
            foreach (var at in model.Dimensions.OrderBy(at => at.Bytes).ThenByDescending(at => at.Quality[report.Metric]))
                if (front.Count == 0 || at.Quality[report.Metric] > front[^1].Quality[report.Metric])
                    front.Add(at);
            Drawing.Line(plot, [.. front.Select(at => (Math.Log10(at.Bytes), at.Quality[report.Metric]))], ColourOf(m).WithAlpha(0.6), 1.6f, null);
            foreach (var group in model.Dimensions.GroupBy(at => at.Precision))
                Drawing.Estimates(plot, [.. group.Select(at => (Math.Log10(at.Bytes), at.Quality[report.Metric], at.Low, at.High))], ColourOf(m), ShapeOf(group.Key), group.Key == model.FullPrecision ? NameOf(model.Model, canvas) : null);
        }
        var bytes = report.Models.SelectMany(model => model.Dimensions).Select(at => at.Bytes).ToList();
        Drawing.Logarithmic(plot, bytes.Min() / 1.25, bytes.Max() * 1.25, canvas, Words.Bytes);
        plot.XLabel("bytes a vector");
        Drawing.Quality(plot, report.Metric);
        plot.ShowLegend(Alignment.LowerRight);
    }

    private static MarkerShape ShapeOf(Precision precision) => precision switch
    {
        Precision.Int8 => MarkerShape.FilledSquare,
        Precision.Bit => MarkerShape.FilledTriangleUp,
        _ => MarkerShape.FilledCircle,
    };

    private static Color ColourOf(int model) => Palette.Series[model % Palette.Series.Length];

    // Folders are told apart by their ends.
    private static string NameOf(string model, Canvas canvas)
    {
        var longest = canvas.Narrow ? LongestName / 2 : LongestName;
        return model.Length <= longest ? model : "…" + model[^longest..];
    }
}
