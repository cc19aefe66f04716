using System.Globalization;

namespace Matryoshka.Tuning.Reporting;

/// <summary>The page: one file that needs nothing else, for a screen of any width and for paper.</summary>
internal static class ReportPage
{
    private const int ShownLosses = 25;
    private const int LongestText = 140;

    public static string Of(TuneReport report, IReadOnlyList<Picture> pictures) => Page.Of("mrl tune", Title(report), Facts(report), Markup.Of($"""
        {Verdict(report)}
        {Warnings(report)}
        {Markup.Join(pictures, Page.Figure)}
        {Losses(report)}
        {Table(report)}
        {Method(report)}
        """));

    private static string Title(TuneReport report) => $"Which plan for {Page.NameOf(report.Collection)}?";

    private static string Facts(TuneReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{Words.Grouped(report.Rows)} records of {report.Model}, {report.Dimensions} dimensions. {Words.Grouped(report.QueryIds.Count)} {Kind(report.Truth.Kind)}, {report.Metric}. {report.Measured:yyyy-MM-dd}, {report.Machine}.");

    private static string Kind(TruthKind kind) => kind switch
    {
        TruthKind.Judged => "judged queries",
        TruthKind.KnownItem => "sentences held out from the records (not users' questions)",
        _ => "queries without judgements, held against the full ranking",
    };

    private static Markup Verdict(TuneReport report)
    {
        var recommendation = report.Recommendation;
        if (recommendation.Plan is not { } plan)
            return Markup.Of($"<section class=\"verdict none\"><h2>No plan keeps what was asked</h2><p>{recommendation.Summary}</p></section>");
        return Markup.Of($"""
            <section class="verdict">
            <h2>Use <code>{plan.Name}</code></h2>
            <p class="lead">{recommendation.Summary}</p>
            <dl class="tiles">
            {Page.Tile("kept of full " + report.Metric, Words.Percent(plan.Kept.Share), $"95 %: {Words.Percent(plan.Kept.Low)} to {Words.Percent(plan.Kept.High)}")}
            {Page.Tile("promised on other queries", Words.Percent(plan.Kept.Promise), $"{Words.Percent(report.Options.Keep)} was asked")}
            {Page.Tile("p95 of a query", Words.Microseconds(plan.Latency!.P95), $"median {Words.Microseconds(plan.Latency.P50)}; exact {Words.Microseconds(report.Full.Latency!.P95)}, {Words.Microseconds(report.Full.Latency.P50)}")}
            {Page.Tile("memory a vector", Words.Bytes(plan.ResidentBytes), $"exact: {Words.Bytes(report.Full.ResidentBytes)}")}
            {Page.Tile($"at {Words.Grouped(plan.Projection!.Rows)} rows", Words.Bytes(plan.Projection.ResidentBytes), $"in memory; {Words.Bytes(plan.Projection.DiskBytes)} on disk, p95 {Words.Microseconds(plan.Projection.P95Microseconds)}{(plan.Projection.BuildSeconds is { } build ? $"; built in {Words.Seconds(build)}" : "")}")}
            {Page.Tile("a month", Words.Money(plan.Projection.Monthly, report.Options.Prices.Currency), $"exact: {Words.Money(report.Full.Projection!.Monthly, report.Options.Prices.Currency)}")}
            </dl>
            {Markup.If(recommendation.WhyNotCheaper is not null, () => Markup.Of($"<p><strong>Why not cheaper?</strong> {recommendation.WhyNotCheaper}</p>"))}
            {Markup.If(recommendation.WhatDearerAdds is not null, () => Markup.Of($"<p><strong>What would more buy?</strong> {recommendation.WhatDearerAdds}</p>"))}
            {Markup.If(recommendation.WhatRerankingAdds is not null, () => Markup.Of($"<p><strong>What would a reranker add?</strong> {recommendation.WhatRerankingAdds}</p>"))}
            </section>
            """);
    }

    private static Markup Warnings(TuneReport report) => Markup.If(report.Recommendation.Warnings.Count > 0, () =>
        Markup.Of($"<section class=\"warnings\" role=\"note\"><ul>{Markup.Join(report.Recommendation.Warnings, warning => Markup.Of($"<li>{warning}</li>"))}</ul></section>"));

    private static Markup Losses(TuneReport report)
    {
        var losses = report.Losses;
        var wanted = report.Truth.Kind == TruthKind.FullRanking ? $"of exact search's {report.Options.K}" : "relevant";
        return Markup.Of($"""
            <section>
            <h2>What the plan loses, and where</h2>
            <p>{Words.Grouped(losses.Lost)} of {Words.Grouped(losses.Wanted)} records that are {wanted} and found by exact search are lost by <code>{losses.Plan.ToString()}</code> ({Words.Percent(losses.Wanted == 0 ? 0 : (double)losses.Lost / losses.Wanted)}).
            {Markup.If(losses.NotInFull > 0, () => Markup.Of($"Another {Words.Grouped(losses.NotInFull)} relevant records are not among the {report.Options.K} of exact search either: no plan can find those, only another model."))}</p>
            <div class="scroll"><table class="small"><thead><tr><th>stage</th><th class="n">keeps</th><th class="n">loses</th><th class="n">median rank of what it lost</th></tr></thead><tbody>
            {Markup.Join(losses.Stages, stage => Markup.Of($"<tr><td><code>{stage.Stage}</code></td><td class=\"n\">{Words.Grouped(stage.Keeps)}</td><td class=\"n\">{Words.Grouped(stage.Lost)}</td><td class=\"n\">{(stage.MedianRank is { } rank ? Words.Grouped(rank) : "")}</td></tr>"))}
            </tbody></table></div>
            {Markup.If(losses.Records.Count > 0, () => Markup.Of($"""
                <details><summary>The first {Math.Min(ShownLosses, losses.Records.Count)} of them</summary><div class="scroll"><table class="small"><thead><tr><th>query</th><th>record</th><th class="n">rank in full</th><th>cut by</th><th class="n">rank there</th></tr></thead><tbody>
                {Markup.Join(losses.Records.Take(ShownLosses), record => Markup.Of($"<tr><td>{Short(record.QueryText ?? record.QueryId)}</td><td>{record.Key}</td><td class=\"n\">{record.FullRank}</td><td><code>{losses.Stages[record.Stage].Stage}</code></td><td class=\"n\">{(record.RankThere is { } rank ? Words.Grouped(rank) : "beyond 10,000")}</td></tr>"))}
                </tbody></table></div></details>
                """))}
            </section>
            """);
    }

    private static Markup Table(TuneReport report) => Markup.Of($"""
        <section>
        <h2>Every plan measured</h2>
        <p>Run on all queries, those with a reranker on some, and timed in turns. A click on a heading sorts. Plans on the front are bold; <span class="chosen">this</span> is recommended. {Words.Grouped(report.Plans.Count(plan => !plan.Measured))} more were dropped while exploring, because another was no worse and cheaper; they are in <code>plans.csv</code>.</p>
        <div class="scroll"><table class="sorts"><thead><tr><th>plan</th><th class="n">kept</th><th class="n">95 %</th><th class="n">p against full</th><th class="n">queries</th>
        {Markup.Join(report.Metrics, metric => Markup.Of($"<th class=\"n\">{metric}</th>"))}
        <th class="n">p50</th><th class="n">p95</th><th class="n">p99</th><th class="n">q/s</th><th class="n">read a query</th><th class="n">memory a vector</th><th class="n">disk a vector</th><th class="n">a month</th><th class="n">build</th></tr></thead><tbody>
        {Markup.Join(report.Plans.Where(plan => plan.Measured), plan => Row(report, plan))}
        </tbody></table></div>
        </section>
        """);

    private static Markup Row(TuneReport report, PlanResult plan) => Markup.Of($"""
        <tr class="{(plan.OnFront ? "front" : "")}{(plan.Plan.Equals(report.Recommendation.Plan?.Plan) ? " chosen" : "")}"><td><code>{plan.Name}</code></td>{Page.Cell(plan.Kept.Share, Words.Percent(plan.Kept.Share))}{Page.Cell(plan.Kept.Low, $"{Words.Percent(plan.Kept.Low)} to {Words.Percent(plan.Kept.High)}")}{Page.Cell(plan.Kept.PValue, Words.PValue(plan.Kept.PValue))}{Page.Cell(plan.Queries, Words.Grouped(plan.Queries))}
        {Markup.Join(report.Metrics, metric => Page.Cell(plan.Quality[metric], Words.Quality(plan.Quality[metric])))}
        {Page.Cell(plan.Latency!.P50, Words.Microseconds(plan.Latency.P50))}{Page.Cell(plan.Latency.P95, Words.Microseconds(plan.Latency.P95))}{Page.Cell(plan.Latency.P99, Words.Microseconds(plan.Latency.P99))}{Page.Cell(plan.Latency.QueriesPerSecond, Words.Grouped(plan.Latency.QueriesPerSecond))}{Page.Cell(plan.BytesRead!.Value, Words.Bytes(plan.BytesRead.Value))}{Page.Cell(plan.ResidentBytes, Words.Bytes(plan.ResidentBytes))}{Page.Cell(plan.DiskBytes, Words.Bytes(plan.DiskBytes))}{Page.Cell(plan.Projection!.Monthly, Words.Money(plan.Projection.Monthly, report.Options.Prices.Currency))}{Page.Cell(plan.Projection.BuildSeconds ?? 0, Words.Seconds(plan.Projection.BuildSeconds))}</tr>
        """);

    private static Markup Method(TuneReport report) => Markup.Of($"""
        <section class="method">
        <h2>How this was measured</h2>
        <ul>
        <li>{report.Truth.CannotAnswer}</li>
        {Markup.If(report.Truth.Unjudged > 0, () => Markup.Of($"<li>{Words.Grouped(report.Truth.Unjudged)} queries without a relevant record were left out.</li>"))}
        {Markup.If(report.Truth.Unknown > 0, () => Markup.Of($"<li>Unknown records that judgements name: {string.Join(", ", report.Truth.UnknownKeys)}{(report.Truth.Unknown > report.Truth.UnknownKeys.Count ? ", ..." : "")}.</li>"))}
        {Markup.If(report.Truth.ByDocument, () => new Markup("<li>Judgements name documents and the collection holds pieces: of several pieces of a document the first counts.</li>"))}
        <li>Kept is the mean of {report.Metric} over that of exact search on the same queries. Intervals are paired bootstraps (1,000 resamples); p is a paired randomisation test; the promise is what another sample of as many queries stays above with 95 % confidence, and a plan is recommended only if that is {Words.Percent(report.Options.Keep)} or more.</li>
        <li>Times are of one query at a time on one thread, warm, all plans in turns in one process. Memory is what every query reads of a vector, and its id; the rest is read on demand. Projections scale memory, disk and the time of the first stage with the rows.</li>
        <li>Build is the time from vectors to what the plan reads, at {Words.Grouped(report.Options.Rows ?? report.Rows)} rows, without embedding: measured by storing {Words.Grouped(report.Build.Rows)} rows in {Words.Seconds(report.Build.Seconds)}{(report.Build.ListsSeconds is { } lists ? $" and building their lists in {Words.Seconds(lists)}" : "")}, on all cores. Storing grows with the rows, lists with their 1.5th power.</li>
        {Markup.If(report.Recommendation.Reranked is not null, () => new Markup("<li>Rerankers read the candidates of the plan recommended without them: every pair was scored once for the most candidates, and fewer are the first of those. Their times are of whole searches, texts fetched. Their memory is not counted, and of money only the time they take, as if it were a core's.</li>"))}
        <li>Prices: {string.Create(CultureInfo.InvariantCulture, $"{report.Options.Prices.MemoryGbMonth} {report.Options.Prices.Currency} a GB of memory, {report.Options.Prices.DiskGbMonth} a GB of disk, {report.Options.Prices.CoreMonth} a core, each a month, at {report.Options.Prices.QueriesPerSecond} queries a second.")} {report.Options.Prices.Note}</li>
        <li>The collection stores {Words.Bytes(report.StoredBytes)} a vector today, all planes, and {Words.Bytes(report.CatalogBytes)} of text and index. Fingerprint <code>{report.Fingerprint}</code>.</li>
        <li>{string.Create(CultureInfo.InvariantCulture, $"{report.Plans.Count} plans explored in {report.Seconds:0} s")}{(report.Resumed > 0 ? $", {Words.Grouped(report.Resumed)} measurements taken over from an interrupted run" : "")}.</li>
        </ul>
        </section>
        """);

    private static string Short(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";
}
