using System.Globalization;

namespace Matryoshka.Tuning.Reporting;

/// <summary>The page of a comparison of models.</summary>
internal static class ComparisonPage
{
    private const double Significant = 0.05;

    public static string Of(ComparisonReport report, IReadOnlyList<Picture> pictures) => Page.Of("mrl compare", Title(report), Facts(report), Markup.Of($"""
        {Verdict(report)}
        {Markup.Join(pictures, Page.Figure)}
        {Pairs(report)}
        {Table(report)}
        {Method(report)}
        """));

    /// <summary>The comparison in a sentence a pair; the terminal says the same.</summary>
    public static IEnumerable<string> Sentences(ComparisonReport report) => report.Pairs.Select(pair =>
    {
        double Quality(string name) => report.Models.First(model => model.Model == name).Full.Quality[report.Metric];
        var values = $"{Words.Quality(Quality(pair.B))} against {Words.Quality(Quality(pair.A))} {report.Metric}, {Words.Percent(pair.Kept.Share)} (95 % interval {Words.Percent(pair.Kept.Low)} to {Words.Percent(pair.Kept.High)}, p {Words.PValue(pair.Adjusted)})";
        return pair.Adjusted >= Significant ? $"'{pair.B}' is not shown to differ from '{pair.A}': {values}."
            : $"'{pair.B}' is {(pair.Kept.Share > 1 ? "better" : "worse")} than '{pair.A}': {values}.";
    });

    private static string Title(ComparisonReport report) => $"{report.Models.Count} models on {Words.Grouped(report.Truth.Queries)} queries";

    private static string Facts(ComparisonReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{Words.Grouped(report.Rows)} records, {report.Metric}. {report.Measured:yyyy-MM-dd}, {report.Machine}.");

    private static Markup Verdict(ComparisonReport report)
    {
        var best = report.Models.MaxBy(model => model.Full.Quality[report.Metric])!;
        var first = report.Pairs.Where(pair => pair.A == best.Model || pair.B == best.Model).All(pair => pair.Adjusted < Significant);
        return Markup.Of($"""
            <section class="verdict">
            <h2>{Markup.If(first, () => Markup.Of($"Whole vectors: <code>{best.Model}</code> is first"))}{(first ? "" : "Whole vectors: no model is shown to be first")}</h2>
            <ul>{Markup.Join(Sentences(report), sentence => Markup.Of($"<li>{sentence}</li>"))}</ul>
            </section>
            """);
    }

    private static Markup Pairs(ComparisonReport report) => Markup.Of($"""
        <section>
        <h2>Which differences are more than chance</h2>
        <p>Whole vectors at full precision, on the same queries. Adjusted is p for {report.Pairs.Count} {(report.Pairs.Count == 1 ? "pair" : "pairs")} looked at together.</p>
        <div class="scroll"><table class="sorts"><thead><tr><th>model</th><th>against</th><th class="n">share</th><th class="n">95 %</th><th class="n">p</th><th class="n">adjusted</th></tr></thead><tbody>
        {Markup.Join(report.Pairs, pair => Markup.Of($"<tr class=\"{(pair.Adjusted < Significant ? "front" : "")}\"><td>{pair.B}</td><td>{pair.A}</td>{Page.Cell(pair.Kept.Share, Words.Percent(pair.Kept.Share))}{Page.Cell(pair.Kept.Low, $"{Words.Percent(pair.Kept.Low)} to {Words.Percent(pair.Kept.High)}")}{Page.Cell(pair.Kept.PValue, Words.PValue(pair.Kept.PValue))}{Page.Cell(pair.Adjusted, Words.PValue(pair.Adjusted))}</tr>"))}
        </tbody></table></div>
        </section>
        """);

    private static Markup Table(ComparisonReport report) => Markup.Of($"""
        <section>
        <h2>Every dimension and precision</h2>
        <p>A click on a heading sorts. Shares and p are against <code>{report.Models[0].Model}</code> at full dimension and precision.</p>
        <div class="scroll"><table class="sorts"><thead><tr><th>model</th><th class="n">dimensions</th><th>precision</th><th class="n">bytes</th>{Markup.Join(report.Metrics, metric => Markup.Of($"<th class=\"n\">{metric}</th>"))}<th class="n">95 %</th><th class="n">of own full</th><th class="n">of the first</th><th class="n">95 %</th><th class="n">p</th><th class="n">p50</th></tr></thead><tbody>
        {Markup.Join(report.Models.SelectMany(model => model.Dimensions.Select(at => (model, at))), row => Row(report, row.model, row.at))}
        </tbody></table></div>
        </section>
        """);

    private static Markup Row(ComparisonReport report, ModelQuality model, DimensionQuality at) => Markup.Of($"""
        <tr class="{(at == model.Full ? "front" : "")}"><td>{model.Model}</td>{Page.Cell(at.Dimensions, Words.Grouped(at.Dimensions))}<td>{at.Precision.ToString().ToLowerInvariant()}</td>{Page.Cell(at.Bytes, Words.Bytes(at.Bytes))}
        {Markup.Join(report.Metrics, metric => Page.Cell(at.Quality[metric], Words.Quality(at.Quality[metric])))}{Page.Cell(at.Low, $"{Words.Quality(at.Low)} to {Words.Quality(at.High)}")}
        {Page.Cell(at.Kept.Share, Words.Percent(at.Kept.Share))}{Page.Cell(at.AgainstFirst.Share, Words.Percent(at.AgainstFirst.Share))}{Page.Cell(at.AgainstFirst.Low, $"{Words.Percent(at.AgainstFirst.Low)} to {Words.Percent(at.AgainstFirst.High)}")}{Page.Cell(at.AgainstFirst.PValue, Words.PValue(at.AgainstFirst.PValue))}{Page.Cell(at.Microseconds, Words.Microseconds(at.Microseconds))}</tr>
        """);

    private static Markup Method(ComparisonReport report) => Markup.Of($"""
        <section class="method">
        <h2>How this was measured</h2>
        <ul>
        <li>{report.Truth.CannotAnswer}</li>
        {Markup.If(report.Truth.Unjudged > 0, () => Markup.Of($"<li>{Words.Grouped(report.Truth.Unjudged)} queries without a relevant record were left out.</li>"))}
        <li>Every model embedded the same texts; all rows were scanned, so that what differs is the vectors alone. Measures are over the first {report.K} hits.</li>
        <li>Intervals are bootstraps over queries (1,000 resamples), paired where models are compared; p is a paired randomisation test, adjusted by Holm's method.</li>
        <li>Times are medians of one query at a time on one thread, warm, all models in turns, without embedding the query.</li>
        <li>Fingerprints: {Markup.Join(report.Models, model => Markup.Of($"{model.Model} <code>{model.Fingerprint}</code> "))}</li>
        </ul>
        </section>
        """);
}
