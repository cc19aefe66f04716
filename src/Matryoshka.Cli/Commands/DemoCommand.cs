using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Matryoshka.Cli.Demo;
using Matryoshka.Cli.Output;
using Matryoshka.Documents;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl demo</c>: a real collection, the same questions at every size, side by side.</summary>
internal static class DemoCommand
{
    private const string DefaultDirectory = ".mrl-demo";
    private const int Questions = 2000;
    private const int Examples = 3;

    public static readonly CommandEntry Entry = new("demo", "Index 2,067 Wikipedia paragraphs and answer the same questions at every size, side by side. Offline.",
    [
        "mrl demo",
        "mrl demo --json",
    ], Configure);

    private static void Configure(Command command, Session session) => command.SetAction(async (_, cancellationToken) =>
    {
        if (!session.DirectoryGiven)
            session.Directory = DefaultDirectory;
        var folder = Path.Join(AppContext.BaseDirectory, "samples", "squad");
        if (!Directory.Exists(folder))
            throw new MatryoshkaException($"The demonstration's paragraphs are missing from '{folder}': install mrl again, or run ./mrl from a checkout.");
        using var generator = StaticEmbeddingGenerator.Default();
        using var collection = Collection.Exists(session.Directory) ? session.Open(generator) : Collection.Create(session.Directory, new() { Generator = generator });
        var indexing = await IndexAsync(session, collection, generator, folder, cancellationToken).ConfigureAwait(false);

        var questions = DemoQuestions.Read(folder, Questions);
        var embedded = await generator.GenerateAsync([.. questions.Select(q => q.Text)], EmbeddingRole.Query, null, cancellationToken).ConfigureAwait(false);
        var measurement = new DemoMeasurement(collection, questions, [.. embedded.Select(e => e.Vector)]);
        using var progress = new Progress(session, "measured", "sizes", null);
        var rows = await measurement.RunAsync((done, all) => progress.Report(done, (double)done / all), cancellationToken).ConfigureAwait(false);
        progress.Dispose();

        var records = await collection.CountAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (session.Json)
            session.WriteJson(new DemoJson(session.Directory, records, indexing.TotalSeconds, questions.Count, rows), CliJson.Shapes.DemoJson);
        else
            Show(session, new(measurement, questions, rows, indexing, records));
        return 0;
    });

    private static async Task<TimeSpan> IndexAsync(Session session, Collection collection, IEmbeddingGenerator generator, string folder, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        // A piece a paragraph: the judgements name whole paragraphs.
        var options = IndexCommand.WithTokenizer(new() { Split = new() { MaxTokens = 2048, OverlapTokens = 0 } }, generator);
        var listing = DocumentSources.Enumerate([Path.Join(folder, "corpus.jsonl")], new() { WorkingFolder = folder }, cancellationToken);
        var failures = new List<DocumentFailure>();
        using var progress = new Progress(session, "indexed", "paragraphs", null);
        await new Indexer(collection, options, failures.Add).RunAsync(listing, cancellationToken).ConfigureAwait(false);
        foreach (var failure in failures)
            session.Warn(failure.ToString());
        return Stopwatch.GetElapsedTime(started);
    }

    private sealed record Outcome(DemoMeasurement Measurement, List<DemoQuestion> Questions, List<DemoRow> Rows, TimeSpan Indexing, long Records);

    private static void Show(Session session, Outcome outcome)
    {
        var articles = outcome.Questions.Select(q => q.Answer[..q.Answer.IndexOf('#', StringComparison.Ordinal)]).Distinct().Count();
        session.Line($"{Figures.Count(outcome.Records, "paragraph")} of {articles} Wikipedia articles (SQuAD 1.1 dev), each encoded and stored once: {Figures.Seconds(outcome.Indexing.TotalSeconds)}.");
        session.Line($"{Figures.Count(outcome.Questions.Count, "question")} asked of the same stored vectors at every size:");
        session.Line();
        var full = outcome.Rows.Max(row => row.Dimensions);
        var sheet = new Sheet(new Column("Search at"), new("Bytes a vector", Right: true), new("Answer first", Right: true), new("Answer in 10", Right: true), new("Recall of full", Right: true), new("ms a search", Right: true));
        foreach (var row in outcome.Rows)
            sheet.Add(
                new Cell(row.Dimensions is { } d ? $"{d} dimensions{(d == full ? " (full)" : "")}" : row.Plan, row.Dimensions is null ? CellStyle.Accent : CellStyle.Plain),
                Cell.Number(row.BytesPerVector), Percent(row.HitAt1), Percent(row.HitAt10), Percent(row.RecallOfFull),
                row.Milliseconds.ToString("0.00", CultureInfo.InvariantCulture));
        sheet.Write(session);
        session.Line("The last two rows are funnels: small codes of all rows shortlist, the full vectors decide. The last is the default of 'mrl search'.");
        ShowExamples(session, outcome);
        session.Line();
        session.Line("Try next:");
        var c = session.DirectoryGiven ? $" -c {session.Directory}" : $" -c {DefaultDirectory}";
        foreach (var next in new[] { $"mrl search{c} \"who designed the first steam engine\" --explain", $"mrl search{c} \"causes of inflation\" --dims 64", $"mrl search{c} \"oil embargo\" --hybrid", $"mrl info{c}", "mrl index ./your-documents && mrl search \"your question\"" })
            session.Line("  " + session.Ink.Cyan(next));
    }

    // Questions the full vector answers first and the smallest prefix does not: where the size decides.
    private static void ShowExamples(Session session, Outcome outcome)
    {
        var sizes = outcome.Rows.Where(row => row.Dimensions is not null).ToList();
        int RankOf(DemoRow row, int question) => Array.IndexOf(outcome.Measurement.Found[row.Plan][question], outcome.Questions[question].Answer) + 1;
        var telling = Enumerable.Range(0, outcome.Questions.Count)
            .Where(q => RankOf(sizes[^1], q) == 1 && RankOf(sizes[0], q) != 1)
            .OrderByDescending(q => sizes.Select(row => RankOf(row, q)).Distinct().Count()).ThenBy(q => q)
            .Take(Examples);
        session.Line();
        var sheet = new Sheet([new Column("Rank of the answer at"), .. sizes.Select(row => new Column(row.Dimensions!.Value.ToString(CultureInfo.InvariantCulture), Right: true))]);
        foreach (var q in telling)
            sheet.Add([outcome.Questions[q].Text, .. sizes.Select(row => RankOf(row, q)).Select(rank => rank switch
            {
                0 => new Cell("-", CellStyle.Bad),
                1 => new Cell("1", CellStyle.Good),
                _ => new Cell(rank.ToString(CultureInfo.InvariantCulture)),
            })]);
        sheet.Write(session);
    }

    private static Cell Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
