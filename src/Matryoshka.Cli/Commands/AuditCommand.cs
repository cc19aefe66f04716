using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Output;
using Matryoshka.Training;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Reporting;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl audit</c>: what could be saved on vectors that exist, before anything is changed.</summary>
internal static class AuditCommand
{
    private const int DefaultLimit = 50_000;

    public static readonly CommandEntry Entry = new("audit", "Measure what could be saved on vectors that exist, and what it would change.",
    [
        "mrl audit embeddings.npy",
        "mrl audit exported.parquet --column embedding --limit 20000",
        "mrl audit x.3963x1536.f32 --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var vectors = new Argument<string>("VECTORS") { Description = "The vectors: .npy, .f32, .parquet, or JSON lines with 'vector' or 'embedding'." };
        var dimensions = Options.Number("--dims", "Components a row, of a .f32 file whose name does not say it.");
        var limit = Options.Number("--limit", "Read this many of them. Default: 50000");
        var column = Options.Text("--column", "NAME", "The column of a .parquet file that has several of vectors.");
        command.Arguments.Add(vectors);
        command.Options.Add(dimensions);
        command.Options.Add(limit);
        command.Options.Add(column);
        command.SetAction(async (result, cancellationToken) =>
        {
            var rows = new List<float[]>();
            using var file = VectorFile.Open(result.GetValue(vectors)!, result.GetValue(dimensions), result.GetValue(column));
            foreach (var row in file.Read().Take(result.GetValue(limit) ?? DefaultLimit))
                rows.Add(row.Vector!);
            var report = await VectorAudit.RunAsync(rows, Path.Join(Path.GetTempPath(), $"mrl-audit-{Guid.NewGuid():N}"), file.ComponentBytes, rows => Judge(rows, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (session.Json)
                session.WriteJson(report, CliJson.Shapes.AuditReport);
            else
                Show(session, report);
            return 0;
        });
    }

    // All rows in their order, as 'mrl detect' takes them: the two say the same of one file.
    private static NestingJudgement Judge(IReadOnlyList<float[]> rows, CancellationToken cancellationToken)
    {
        var dimensions = rows[0].Length;
        var numbers = new float[checked((long)rows.Count * dimensions)];
        for (var i = 0; i < rows.Count; i++)
            rows[i].CopyTo(numbers.AsSpan(i * dimensions));
        var found = NestingDetector.Detect(numbers, dimensions, null, cancellationToken);
        return new(DetectCommand.Words(found), found.Points.ToDictionary(point => point.Dimensions, point => point.Random.Mean));
    }

    private static void Show(Session session, AuditReport report)
    {
        var sheet = new Sheet(new("dimensions", Right: true), new("precision"), new("bytes", Right: true), new("saved", Right: true), new("overlap@10", Right: true), new("95 %", Right: true), new("50 rescored", Right: true), new("random components", Right: true))
        {
            Title = $"{Figures.Count(report.Rows, "vector")} x {report.Dimensions}, {Words.Bytes(report.PresentBytes)} each; {Figures.Grouped(report.Queries)} of their like as queries",
        };
        foreach (var row in report.Table)
            sheet.Add(Cell.Number(row.Dimensions), Figures.Name(row.Precision), new Cell(Words.Bytes(row.Bytes), CellStyle.Plain, Plain(row.Bytes)), Share(row.Saved), Share(row.Overlap, CellStyle.Accent),
                new Cell($"{Words.Percent(row.Low)} to {Words.Percent(row.High)}"), Share(row.Rescored, row.Rescored >= 0.99 ? CellStyle.Good : CellStyle.Plain),
                row.Precision == Precision.F32 ? Share(report.Nesting!.RandomOverlap[row.Dimensions]) : "");
        sheet.Write(session);
        session.Note(report.Nesting!.Words);
        session.Note("Overlap says how much of the present ranking stays, not whether what changes is worse. Import the vectors ('mrl import') and judge with 'mrl tune --queries Q --qrels R'.");
    }

    private static Cell Share(double share, CellStyle style = CellStyle.Plain) => new(Words.Percent(share), style, Plain(share));

    private static string Plain(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
