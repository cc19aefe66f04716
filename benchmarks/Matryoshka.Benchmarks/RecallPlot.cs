using System.Globalization;
using System.Text;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Draws fronts of recall against queries a second: recall on a scale that opens up near 1, speed logarithmic. Fonts are the
/// viewer's; the picture brings its background and follows the viewer's preference for light or dark.
/// </summary>
internal sealed class RecallPlot
{
    private const double Left = 72, Right = 690, Top = 64, Bottom = 500, Width = 920, Height = 560;

    // Families share a colour that is readable on both backgrounds; their variants differ in stroke and marker.
    private static readonly (string Family, string Colour)[] Families =
    [
        ("matryoshka", "#d8343f"), ("hnswlib", "#2f7fe0"), ("usearch", "#9160d8"), ("pgvector", "#2a9d4b"), ("faiss", "#c48212"), ("sqlite-vec", "#15939c"), ("", "#808080"),
    ];

    private static readonly string[] Dashes = ["", "7 4", "2 3", "9 3 2 3"];

    private static readonly double[] RecallTicks = [0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1];

    private readonly StringBuilder text = new();
    private readonly List<(string Name, PeerFront Front)> series;
    private readonly string caption;
    private readonly double least = PeerFront.Nines(0.65), most = PeerFront.Nines(1), slowest, fastest;

    public RecallPlot(IReadOnlyDictionary<string, PeerFront> fronts, string caption)
    {
        this.caption = caption;
        // The legend in the order of the lines where they are widest apart.
        series = [.. fronts.OrderByDescending(f => f.Value.SpeedAt(0.95) ?? f.Value.Points[^1].Speed / 1e3).Select(f => (f.Key, f.Value))];
        var speeds = series.SelectMany(s => Shown(s.Front)).Select(p => Math.Log10(p.Speed)).DefaultIfEmpty(0).ToList();
        slowest = Math.Floor(speeds.Min() * 2) / 2;
        fastest = Math.Max(slowest + 1, Math.Ceiling(speeds.Max() * 2) / 2);
    }

    public string Svg()
    {
        text.Clear();
        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Recall at 10 against queries a second\">");
        Line($"<style>text{{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#24292f}}.small{{font-size:12px;fill:#59636e}}.title{{font-size:16px;font-weight:600}}.panel{{fill:#fff}}.grid{{stroke:#d8dee4}}.faint{{stroke:#eef1f4}}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.small{{fill:#9da7b3}}.panel{{fill:#0d1117}}.grid{{stroke:#30363d}}.faint{{stroke:#1c2129}}}}</style>");
        Line($"<rect class=\"panel\" width=\"{Width}\" height=\"{Height}\" rx=\"8\"/>");
        Line($"<text class=\"title\" x=\"{Left}\" y=\"28\">Recall against speed: up and to the right is better</text>");
        Line($"<text class=\"small\" x=\"{Left}\" y=\"48\">{caption}</text>");
        Axes();
        var variants = new Dictionary<string, int>();
        for (var i = 0; i < series.Count; i++)
        {
            var (family, colour) = Families.First(f => series[i].Name.StartsWith(f.Family, StringComparison.Ordinal));
            var variant = variants[family] = variants.GetValueOrDefault(family, -1) + 1;
            Draw(series[i], colour, variant, Top + 8 + i * 24);
        }
        Line($"</svg>");
        return text.ToString();
    }

    private void Axes()
    {
        foreach (var recall in RecallTicks)
        {
            var x = X(recall);
            Line($"<line class=\"grid\" x1=\"{x:F1}\" y1=\"{Top}\" x2=\"{x:F1}\" y2=\"{Bottom}\"/>");
            Line($"<text class=\"small\" x=\"{x:F1}\" y=\"{Bottom + 18}\" text-anchor=\"middle\">{(recall == 1 ? "1" : recall.ToString("0.0###", CultureInfo.InvariantCulture))}</text>");
        }
        for (var decade = (int)Math.Floor(slowest); decade <= fastest; decade++)
            foreach (var step in (int[])[1, 2, 5])
            {
                var speed = step * Math.Pow(10, decade);
                var y = Y(speed);
                if (y > Bottom + 0.5 || y < Top - 0.5)
                    continue;
                Line($"<line class=\"{(step == 1 ? "grid" : "faint")}\" x1=\"{Left}\" y1=\"{y:F1}\" x2=\"{Right}\" y2=\"{y:F1}\"/>");
                Line($"<text class=\"small\" x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{(speed < 1 ? speed.ToString("0.##", CultureInfo.InvariantCulture) : speed.ToString("N0", CultureInfo.InvariantCulture))}</text>");
            }
        Line($"<text x=\"{(Left + Right) / 2}\" y=\"{Bottom + 42}\" text-anchor=\"middle\">recall@10</text>");
        Line($"<text transform=\"translate(18 {(Top + Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">queries a second</text>");
    }

    private void Draw((string Name, PeerFront Front) series, string colour, int variant, double legend)
    {
        var width = series.Name == "matryoshka" ? 3.5 : 1.8;
        var dash = Dashes[variant % Dashes.Length] is { Length: > 0 } pattern ? $" stroke-dasharray=\"{pattern}\"" : "";
        var points = Shown(series.Front).ToList();
        var path = string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.Recall):F1},{Y(p.Speed):F1}")));
        Line($"<g stroke=\"{colour}\" fill=\"{colour}\"><title>{series.Name}</title>");
        Line($"<polyline points=\"{path}\" fill=\"none\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}/>");
        foreach (var (recall, speed) in points)
            Marker(X(recall), Y(speed), variant);
        Line($"<line x1=\"{Right + 18}\" y1=\"{legend}\" x2=\"{Right + 50}\" y2=\"{legend}\" stroke-width=\"{width}\"{dash}/>");
        Marker(Right + 34, legend, variant);
        Line($"</g><text x=\"{Right + 58}\" y=\"{legend + 4}\"{(series.Name == "matryoshka" ? " font-weight=\"600\"" : "")}>{series.Name}</text>");
    }

    private void Marker(double x, double y, int variant) => Line((variant % 4) switch
    {
        0 => $"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"3.2\"/>",
        1 => $"<rect x=\"{x - 3:F1}\" y=\"{y - 3:F1}\" width=\"6\" height=\"6\"/>",
        2 => $"<path d=\"M{x:F1} {y - 4:F1}l4 7h-8z\"/>",
        _ => (FormattableString)$"<path d=\"M{x:F1} {y - 4:F1}l4 4-4 4-4-4z\"/>",
    });

    private IEnumerable<(double Recall, double Speed)> Shown(PeerFront front) => front.Points.Where(point => PeerFront.Nines(point.Recall) >= least);

    private double X(double recall) => Left + (PeerFront.Nines(recall) - least) / (most - least) * (Right - Left);

    private double Y(double speed) => Bottom - (Math.Log10(speed) - slowest) / (fastest - slowest) * (Bottom - Top);

    private void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
