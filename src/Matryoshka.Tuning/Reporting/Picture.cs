using System.Globalization;
using System.Text.RegularExpressions;
using ScottPlot;

namespace Matryoshka.Tuning.Reporting;

/// <summary>Where a picture is drawn: its size, and whether it must do with a phone's width.</summary>
internal sealed record Canvas(int Width, int Height, bool Narrow);

/// <summary>One picture of the report.</summary>
/// <param name="Name">The name of its files.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Caption">How to read it.</param>
/// <param name="Draw">Draws it.</param>
internal sealed partial record Picture(string Name, string Title, string Caption, Action<Plot, Canvas> Draw)
{
    private static readonly Canvas Wide = new(880, 480, false);
    private static readonly Canvas Phone = new(400, 400, true);
    private const double FileScale = 2;
    private const double LegendSlack = 12;

    /// <summary>The file: it brings its background, and its colours follow the viewer's preference.</summary>
    public string Svg()
    {
        var svg = Themed(Wide, titled: true, "w");
        var style = $"<style>{Palette.Css("svg")}</style><rect width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>";
        return svg[..(svg.IndexOf('>', StringComparison.Ordinal) + 1)] + style + svg[(svg.IndexOf('>', StringComparison.Ordinal) + 1)..];
    }

    public byte[] Png()
    {
        using var plot = Plotted(Wide, titled: true);
        plot.FigureBackground.Color = Palette.Paper;
        plot.ScaleFactor = FileScale;
        return plot.GetImageBytes((int)(Wide.Width * FileScale), (int)(Wide.Height * FileScale), ImageFormat.Png);
    }

    /// <summary>For the page: two drawings, of which it shows the one that fits.</summary>
    public string Inline() =>
        $"<div class=\"wide\">{Themed(Wide, titled: false, "w")}</div><div class=\"narrow\">{Themed(Phone, titled: false, "n")}</div>";

    private string Themed(Canvas canvas, bool titled, string suffix)
    {
        using var plot = Plotted(canvas, titled);
        var svg = plot.GetSvgXml(canvas.Width, canvas.Height);
        svg = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
        svg = TextElement().Replace(svg, Anchored);
        // Clips are named by number in each picture, and a page holds several.
        svg = ClipName().Replace(svg, match => $"{match.Groups[1].Value}{Name}-{suffix}-{match.Groups[2].Value}");
        // The clips of legends fit the measured font to the pixel.
        svg = ClipRect().Replace(svg, match => Number(match.Groups[2].Value) is var width && width < canvas.Width * 0.6 ? string.Create(CultureInfo.InvariantCulture, $"{match.Groups[1].Value}{width + LegendSlack:0.##}\"") : match.Value);
        svg = SvgTag().Replace(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {canvas.Width} {canvas.Height}\" role=\"img\" aria-label=\"{System.Net.WebUtility.HtmlEncode(Title)}\" font-family=\"Roboto, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">", 1);
        return Whitespace().Replace(Palette.Variables(svg), "\n").Trim();
    }

    private Plot Plotted(Canvas canvas, bool titled)
    {
        PictureFont.Register();
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Palette.Muted);
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        plot.Grid.MajorLineColor = Palette.Grid;
        plot.Grid.MinorLineColor = Colors.Transparent;
        Draw(plot, canvas);
        if (titled)
            plot.Title(Title, 17);
        plot.Font.Set(PictureFont.Name);
        plot.Axes.Title.Label.ForeColor = Palette.Ink;
        foreach (var axis in plot.Axes.GetAxes())
        {
            axis.TickLabelStyle.FontSize = 13;
            axis.TickLabelStyle.ForeColor = Palette.Muted;
            axis.Label.FontSize = 14;
            axis.Label.Bold = false;
            axis.Label.ForeColor = Palette.Ink;
            axis.FrameLineStyle.Color = Palette.Faint;
            axis.MajorTickStyle.Color = Palette.Faint;
            axis.MinorTickStyle.Length = 0;
        }
        // The library measures labels before they have their font and size.
        plot.Axes.Left.MinimumSize = canvas.Narrow ? 66 : 76;
        plot.Axes.Bottom.MinimumSize = 58;
        var legend = plot.Legend;
        legend.FontName = PictureFont.Name;
        legend.FontSize = 12.5f;
        legend.FontColor = Palette.Ink;
        legend.BackgroundColor = Palette.Paper.WithAlpha(0.85);
        legend.OutlineColor = Palette.Grid;
        legend.ShadowColor = Colors.Transparent;
        return plot;
    }

    /// <summary>
    /// The plotting library places every letter for the font it measured; a viewer without that font would show gaps. What is kept
    /// is where the text begins, has its middle, or ends, which any font can honour.
    /// </summary>
    private static string Anchored(Match match)
    {
        var places = match.Groups["x"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (first, last) = (Number(places[0]), Number(places[^1]));
        var size = FontSize().Match(match.Groups["a"].Value) is { Success: true } found ? Number(found.Groups[1].Value) : 12;
        var end = last + size * 0.55;
        var (anchor, x) = first > -0.5 ? ("start", first) : Math.Abs(first + end) < 0.35 * (end - first) ? ("middle", 0.0) : ("end", 0.0);
        var y = match.Groups["y"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries)[0].Trim();
        var attributes = FontFamily().Replace(match.Groups["a"].Value, "");
        // The width it was measured at is kept too: a wider font would run into what is beside it.
        var length = anchor switch { "start" => end - first, "middle" => -2 * first, _ => -first };
        var fitted = places.Length > 1 ? string.Create(CultureInfo.InvariantCulture, $" textLength=\"{length:0.#}\" lengthAdjust=\"spacingAndGlyphs\"") : "";
        return string.Create(CultureInfo.InvariantCulture, $"<text{attributes}{fitted} text-anchor=\"{anchor}\" x=\"{x:0.##}\" y=\"{y}\">{match.Groups["t"].Value.Trim()}</text>");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("<text(?<a>[^>]*?) x=\"(?<x>[^\"]*)\" y=\"(?<y>[^\"]*)\">(?<t>.*?)</text>", RegexOptions.Singleline)]
    private static partial Regex TextElement();

    [GeneratedRegex(" font-family=\"[^\"]*\"")]
    private static partial Regex FontFamily();

    [GeneratedRegex("font-size=\"([0-9.]+)\"")]
    private static partial Regex FontSize();

    [GeneratedRegex("(id=\"|url\\(#)(cl_[0-9a-fA-F]+)")]
    private static partial Regex ClipName();

    [GeneratedRegex("(<clipPath[^>]*>\\s*<rect[^>]*? width=\")([0-9.]+)\"")]
    private static partial Regex ClipRect();

    [GeneratedRegex("<svg[^>]*>")]
    private static partial Regex SvgTag();

    [GeneratedRegex("\\s*\n\\s*")]
    private static partial Regex Whitespace();
}
