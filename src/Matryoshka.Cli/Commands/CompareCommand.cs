using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Reporting;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl compare</c>: models on the same texts and judged queries.</summary>
internal static class CompareCommand
{
    private const int EmbeddingBatch = 256;
    private static readonly string[] Shown = ["ndcg", "recall", "mrr"];

    public static readonly CommandEntry Entry = new("compare", "Compare models on the collection's texts and judged queries: quality by dimension, cost, significance.",
    [
        "mrl compare --model default --model ./my-static-model --queries queries.jsonl --qrels qrels.tsv",
        "mrl compare --model A --model B --queries ./beir-folder --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var models = new Option<string[]>("--model") { Description = "A model's name or folder, 'default' for the one inside mrl; give two or more. All are held against the first.", HelpName = "NAME|DIR", AllowMultipleArgumentsPerToken = false };
        var queries = Options.Text("--queries", "FILE|DIR", "The queries: JSON lines with _id and text, or a BEIR folder.");
        var qrels = Options.Text("--qrels", "FILE", "What is relevant: TREC qrels or BEIR's tab-separated file.");
        var count = Options.Number("-k", "How many hits. Default: 10", "--top");
        var limit = Options.Number("--limit", "Use this many of the queries, from the first. Default: all");
        var output = Options.Text("--out", "DIR", "Where the report goes. Default: the collection's folder with '-compare' after it");
        foreach (var option in (Option[])[models, queries, qrels, count, limit, output])
            command.Options.Add(option);
        command.SetAction(async (result, cancellationToken) =>
        {
            var names = result.GetValue(models) ?? [];
            if (names.Length < 2)
                throw new UsageException("Give two models or more: --model A --model B.");
            var (file, judged) = Judged(result.GetValue(queries) ?? throw new UsageException("Give the queries: --queries FILE|DIR."), result.GetValue(qrels));
            var judgements = QrelsFile.Read(judged);
            var texts = QueryFile.Read(file).FindAll(query => judgements[query.Id].Count > 0);
            texts = [.. texts.Take(result.GetValue(limit) ?? int.MaxValue)];
            var folder = Path.Join(Path.GetTempPath(), $"mrl-compare-{Guid.NewGuid():N}");
            var compared = new List<ComparedModel>();
            try
            {
                foreach (var name in names)
                    compared.Add(await EmbedAsync(session, name, Path.Join(folder, compared.Count.ToString(CultureInfo.InvariantCulture)), texts, cancellationToken).ConfigureAwait(false));
                var report = ModelComparison.Run(compared, judgements, result.GetValue(count) ?? 10, cancellationToken);
                var page = ReportFiles.Write(report, result.GetValue(output) ?? Path.TrimEndingDirectorySeparator(session.Directory) + "-compare");
                if (session.Json)
                    session.Line(ReportFiles.ToJson(report));
                else
                    Show(session, report, page);
                return 0;
            }
            finally
            {
                foreach (var model in compared)
                    model.Collection.Dispose();
                if (Directory.Exists(folder))
                    Directory.Delete(folder, recursive: true);
            }
        });
    }

    private static (string Queries, string Qrels) Judged(string queries, string? qrels)
    {
        if (!Directory.Exists(queries))
            return (queries, qrels ?? throw new UsageException("Models are compared by judged queries: give --qrels FILE."));
        return (Path.Join(queries, "queries.jsonl"), qrels ?? Path.Join(queries, Path.Exists(Path.Join(queries, "qrels.test.tsv")) ? "qrels.test.tsv" : Path.Join("qrels", "test.tsv")));
    }

    private static async Task<ComparedModel> EmbedAsync(Session session, string name, string folder, List<Query> texts, CancellationToken cancellationToken)
    {
        using var model = await ModelLoader.LoadAsync(session, new() { Model = name == "default" ? null : name }, cancellationToken).ConfigureAwait(false);
        var generator = model.Generator;
        var copy = Collection.Create(folder, new() { Generator = generator, Keywords = false });
        using var source = session.Open();
        using var progress = new Progress(session, $"{name}: embedded", "records", source.GetInfo().Records);
        var done = 0;
        await copy.UpsertAsync(source.ListAsync(cancellationToken: cancellationToken).Select(record =>
        {
            progress.Report(++done);
            return new Record { Key = record.Key, Text = record.Text };
        }), new() { OnFailure = _ => { } }, cancellationToken).ConfigureAwait(false);
        var queries = new List<TuneQuery>();
        foreach (var batch in texts.Chunk(EmbeddingBatch))
        {
            var vectors = await Bench.BenchQueries.EmbedOrLeaveAsync(generator, [.. batch.Select(query => query.Text)], cancellationToken).ConfigureAwait(false);
            // A query without a vector finds nothing; it must not be left out for one model and kept for the other.
            for (var i = 0; i < batch.Length; i++)
                queries.Add(new(batch[i].Id, vectors[i] ?? Neutral(copy.Recipe.Dimensions.Full), batch[i].Text));
        }
        return new(name, copy, queries);
    }

    private static float[] Neutral(int full) => [.. Enumerable.Repeat(1f, full)];

    private static void Show(Session session, ComparisonReport report, string page)
    {
        var metrics = Shown.Select(name => $"{name}@{report.K.ToString(CultureInfo.InvariantCulture)}").ToArray();
        var sheet = new Sheet([new("model"), new("dimensions", Right: true), new("bytes", Right: true), .. metrics.Select(metric => new Column(metric, Right: true)), new($"of {report.Models[0].Model}", Right: true), new("95 %", Right: true), new("p", Right: true), new("p50", Right: true)]);
        foreach (var model in report.Models)
            foreach (var at in model.AtFullPrecision)
                sheet.Add([new Cell(model.Model, CellStyle.Accent), Cell.Number(at.Dimensions), new Cell(Words.Bytes(at.Bytes), CellStyle.Plain, Plain(at.Bytes)),
                    .. metrics.Select(metric => new Cell(Words.Quality(at.Quality[metric]), CellStyle.Plain, Plain(at.Quality[metric]))),
                    new Cell(Words.Percent(at.AgainstFirst.Share), at.AgainstFirst.PValue < 0.05 ? at.AgainstFirst.Share > 1 ? CellStyle.Good : CellStyle.Bad : CellStyle.Plain, Plain(at.AgainstFirst.Share)),
                    $"{Words.Percent(at.AgainstFirst.Low)} to {Words.Percent(at.AgainstFirst.High)}", new Cell(Words.PValue(at.AgainstFirst.PValue), CellStyle.Plain, Plain(at.AgainstFirst.PValue)),
                    new Cell(Words.Microseconds(at.Microseconds), CellStyle.Plain, Plain(at.Microseconds))]);
        sheet.Write(session);
        session.Note($"Shares and p are against {report.Models[0].Model} at full dimension, on the same queries: paired bootstrap and paired randomisation test. Coloured where p is under 0.05.");
        foreach (var sentence in ComparisonPage.Sentences(report))
            session.Note(sentence);
        session.Note($"The report, with int8 and bit: {page}");
    }

    private static string Plain(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
