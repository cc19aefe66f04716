using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Output;
using Matryoshka.Training;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl detect</c>: whether a model's prefixes are worth anything, by its vectors.</summary>
internal static class DetectCommand
{
    public static readonly CommandEntry Entry = new("detect", "Tell from vectors whether their prefixes can be used.",
    [
        "mrl detect --vectors vectors.3963x1536.f32",
        "mrl detect -c my.mrl --pairs questions-and-answers.jsonl",
        "mrl detect --vectors rows.jsonl --dims 64,128,256 --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var vectors = Options.Text("--vectors", "FILE", "The vectors: .npy, .f32 or .jsonl. Default: those of the collection (-c)");
        var pairs = Options.Text("--pairs", "FILE", "JSON lines {\"a\": key, \"b\": key}: a question's row and its answer's. Shows more than neighbourhoods do.");
        var dimensions = Options.Text("--dims", "LIST", "Sizes to measure. Default: 16, doubled");
        var queries = Options.Number("--queries", "Rows that ask, at most. Default: 1000");
        var seed = Options.Number("--seed", "Decides what is drawn. Default: 1");
        foreach (var option in (Option[])[vectors, pairs, dimensions, queries, seed])
            command.Options.Add(option);
        command.SetAction(async (result, cancellationToken) =>
        {
            var rows = result.GetValue(vectors) is { } file ? AdapterRows.Of(file) : await AdapterRows.OfAsync(session, cancellationToken).ConfigureAwait(false);
            var report = NestingDetector.Detect(rows.Vectors, rows.Dimensions, new NestingOptions
            {
                Pairs = result.GetValue(pairs) is { } list ? rows.Pairs(list) : [],
                Dimensions = NumberList.Whole(result.GetValue(dimensions), "--dims"),
                Queries = result.GetValue(queries) ?? new NestingOptions().Queries,
                Seed = result.GetValue(seed) ?? 1,
            }, cancellationToken);
            if (session.Json)
                session.WriteJson(DetectJson.From(report), CliJson.Shapes.DetectJson);
            else
                Write(session, report);
            return 0;
        });
    }

    private static void Write(Session session, NestingReport report)
    {
        var sheet = new Sheet(new("dimensions", Right: true), new("prefix", Right: true), new("random", Right: true), new("suffix", Right: true), new("PCA", Right: true),
            new("prefix - random", Right: true), new("of full", Right: true))
        {
            Title = report.Judged ? "nDCG@10 of the judged pairs" : "Share of the whole vectors' nearest ten that is found",
            LineName = "curve",
        };
        foreach (var point in report.Points)
            sheet.Add(Figures.Plain(point.Dimensions), Of(point.Prefix), Of(point.Random), Of(point.Suffix), Of(point.Principal), Of(point.Advantage, CellStyle.Strong), Of(point.OfFull));
        sheet.Write(session);
        var verdict = new Sheet(new("verdict"), new("trustworthy from"), new("advice")) { LineName = "verdict" };
        verdict.Add(Name(report.Verdict.ToString()), report.Trustworthy is { } d ? Figures.Plain(d) : "full", new(Name(report.Advice.ToString()), CellStyle.Accent));
        verdict.Write(session);
        session.Note(Words(report));
    }

    /// <summary>What was found, in a sentence or three; <c>mrl audit</c> says the same.</summary>
    internal static string Words(NestingReport report) => report.Verdict switch
    {
        NestingVerdict.Nested => "The prefixes are clearly better than other components: the model is Matryoshka-trained, or its components are ordered. ",
        NestingVerdict.Worse => "The prefixes are clearly worse than other components. ",
        _ => "The prefixes are no better than other components, as far as these rows show." + (report.Judged ? " " : " Judged pairs (--pairs) show more than neighbourhoods do. "),
    } + report.Advice switch
    {
        NestingAdvice.Truncate => $"Truncate to {report.Trustworthy} or more.",
        NestingAdvice.Adapt => "Train an adapter: mrl train adapter.",
        _ => "Keep whole vectors.",
    };

    private static Cell Of(Estimate estimate, CellStyle style = CellStyle.Plain) =>
        new($"{Fixed(estimate.Mean)} ±{Fixed(estimate.Margin)}", style, Fixed(estimate.Mean));

    private static string Fixed(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    internal static string Name(string word) => word switch
    {
        nameof(NestingVerdict.NotShown) => "not shown",
        _ => word.ToLowerInvariant(),
    };
}

/// <summary>The answer to <c>mrl detect</c>.</summary>
internal sealed record DetectJson(bool Judged, string Verdict, int? Trustworthy, string Advice, IReadOnlyList<NestingPoint> Points)
{
    public static DetectJson From(NestingReport report) => new(report.Judged, DetectCommand.Name(report.Verdict.ToString()), report.Trustworthy, DetectCommand.Name(report.Advice.ToString()), report.Points);
}
