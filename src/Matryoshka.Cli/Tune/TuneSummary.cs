using Matryoshka.Cli.Output;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Reporting;

namespace Matryoshka.Cli.Tune;

/// <summary>Shows a report on the terminal: the front as a table, then the recommendation in words.</summary>
internal static class TuneSummary
{
    public static void Write(Session session, TuneReport report, string page, string? stored)
    {
        Table(report).Write(session);
        var recommendation = report.Recommendation;
        foreach (var warning in recommendation.Warnings)
            session.Warn(warning);
        if (recommendation.Plan is not { } plan)
        {
            session.Note(recommendation.Summary);
            session.Note($"The report: {page}");
            return;
        }
        session.Note($"Use {session.Ink.Green(plan.Name)}");
        session.Note(recommendation.Summary);
        foreach (var more in new[] { recommendation.WhyNotCheaper, recommendation.WhatDearerAdds, recommendation.WhatRerankingAdds })
            if (more is not null)
                session.Note(more);
        session.Note(plan.Plan.Rerank is not null ? $"It ends in a reranker, so it is no default: name it, mrl search --plan \"{plan.Name}\"."
            : stored is null ? "The collection's default plan is as it was." : $"It is now the collection's default plan, '{stored}': 'mrl search' uses it, 'mrl plans' shows it.");
        session.Note($"The report: {page}");
    }

    private static Sheet Table(TuneReport report)
    {
        var sheet = new Sheet(new("plan"), new("kept", Right: true), new("95 %", Right: true), new(report.Metric, Right: true), new("p95", Right: true),
            new("memory", Right: true), new($"{report.Options.Prices.Currency}/month", Right: true), new("build", Right: true))
        {
            Title = $"{Figures.Count(report.Rows, "record")} x {report.Dimensions}, {Figures.Grouped(report.QueryIds.Count)} queries, {report.Truth.Kind}; memory a vector; money and building at {Figures.Grouped(report.Options.Rows ?? report.Rows)} rows",
        };
        foreach (var plan in report.Plans.Where(plan => plan.Measured && (plan.OnFront || plan.Plan.Equals(report.Full.Plan) || plan.Plan.Equals(report.Recommendation.Plan?.Plan))))
        {
            var style = plan.Plan.Equals(report.Recommendation.Plan?.Plan) ? CellStyle.Good : CellStyle.Plain;
            sheet.Add(
                new Cell(plan.Name, style == CellStyle.Good ? style : CellStyle.Accent),
                Number(Words.Percent(plan.Kept.Share), plan.Kept.Share, style),
                new Cell($"{Words.Percent(plan.Kept.Low)} to {Words.Percent(plan.Kept.High)}", style),
                Number(Words.Quality(plan.Quality[report.Metric]), plan.Quality[report.Metric], style),
                Number(Words.Microseconds(plan.Latency!.P95), plan.Latency.P95, style),
                Number(Words.Bytes(plan.ResidentBytes), plan.ResidentBytes, style),
                Number(Words.Money(plan.Projection!.Monthly, "").Trim(), plan.Projection.Monthly, style),
                plan.Projection.BuildSeconds is { } build ? Number(Words.Seconds(build), build, style) : "");
        }
        return sheet;
    }

    private static Cell Number(string shown, double value, CellStyle style) => new(shown, style, value.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
}
