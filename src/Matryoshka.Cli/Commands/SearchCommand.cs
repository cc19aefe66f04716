using System.CommandLine;
using System.Diagnostics;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl search</c>: one text to a page of hits, or a file of queries to a run file.</summary>
internal static class SearchCommand
{
    public static readonly CommandEntry Entry = new("search", "Find the records nearest to a text.",
    [
        "mrl search \"how do I rotate a log file\"",
        "mrl search retry budget --hybrid --filter 'lang = \"en\"' -k 5 --json",
        "mrl search retry budget --plan \"f16:full x50 > rerank:cross-encoder/ms-marco-MiniLM-L6-v2 x10\" --explain",
        "mrl search --queries queries.jsonl --run out.trec -k 100",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var words = new Argument<string[]>("TEXT") { Description = "The text; several words need no quotes.", Arity = ArgumentArity.ZeroOrMore };
        var hybrid = Options.Flag("--hybrid", "Rank by vectors and keywords together.");
        var keyword = Options.Flag("--keyword", "Rank by keywords (BM25) alone; needs no model.");
        var fusion = Options.Text("--fusion", "scores|ranks", "How --hybrid fuses its two rankings. Default: scores");
        var weight = Options.Decimal("--keyword-weight", "What keywords count in --hybrid against 1 for vectors, from 0 up. Default: 1.5 by scores, 1 by ranks");
        var queries = Options.Text("--queries", "FILE", "Answer all queries of a file: JSON lines with _id and text, or id, tab, text.");
        var run = Options.Text("--run", "OUT", "Where --queries writes its TREC run.");
        var tag = Options.Text("--tag", "NAME", "The run's name in its lines. Default: mrl");
        command.Arguments.Add(words);
        var flags = new SearchFlags(command);
        command.Options.Add(hybrid);
        command.Options.Add(keyword);
        command.Options.Add(fusion);
        command.Options.Add(weight);
        command.Options.Add(queries);
        command.Options.Add(run);
        command.Options.Add(tag);
        var models = new ModelOptions(command, "What embeds the text: a name of 'mrl models', a folder, owner/name, or provider:model. Default: the collection's own model",
            adapter: "What projects the query, for a collection of adapted vectors.");
        command.SetAction(async (result, cancellationToken) =>
        {
            var mode = (result.GetValue(hybrid), result.GetValue(keyword)) switch
            {
                (true, true) => throw new UsageException("--hybrid and --keyword exclude each other."),
                (true, false) => SearchMode.Hybrid,
                (false, true) => SearchMode.Keyword,
                _ => SearchMode.Dense,
            };
            var options = flags.Read(result, mode) with
            {
                Fusion = ParseFusion(result.GetValue(fusion)),
                KeywordWeight = result.GetValue(weight),
            };
            if (mode != SearchMode.Hybrid && (result.GetValue(fusion) is not null || options.KeywordWeight is not null))
                throw new UsageException("--fusion and --keyword-weight go with --hybrid.");
            flags.Apply(result, session);
            var text = string.Join(' ', result.GetValue(words) ?? []);
            var batch = Batch.Of(result.GetValue(queries), result.GetValue(run), result.GetValue(tag), text);
            var request = models.Read(result);
            (options, var reranker) = await RerankerLoader.ForPlanAsync(session, options, flags.Reranker(result, request), cancellationToken).ConfigureAwait(false);
            using var loaded = reranker;
            using var opened = mode == SearchMode.Keyword ? null : await OpenedCollection.OpenAsync(session, request, cancellationToken).ConfigureAwait(false);
            using var bare = opened is null ? session.Open() : null;
            var collection = opened?.Collection ?? bare!;
            if (batch is not null)
                await RunBatchAsync(session, collection, batch, options, cancellationToken).ConfigureAwait(false);
            else
                HitWriter.Write(session, await collection.SearchAsync(text, options, cancellationToken).ConfigureAwait(false), text, mode, flags.View(result));
            opened?.Model.ReportCuts(session);
            reranker?.ReportCuts(session);
            return 0;
        });
    }

    private static FusionMethod ParseFusion(string? name) => name switch
    {
        null or "scores" => FusionMethod.Scores,
        "ranks" => FusionMethod.Ranks,
        _ => throw new UsageException($"'{name}' is not a way to fuse rankings: scores and ranks are."),
    };

    private static async Task RunBatchAsync(Session session, Collection collection, Batch batch, SearchOptions options, CancellationToken cancellationToken)
    {
        var queries = QueryFile.Read(batch.Queries);
        using var run = new TrecRun(batch.Run, batch.Tag);
        using var progress = new Progress(session, "search", "queries", queries.Count);
        session.Kept = $"'{batch.Run}' was not written";
        var started = Stopwatch.GetTimestamp();
        var done = 0;
        await foreach (var results in collection.SearchManyAsync(queries.ConvertAll(query => query.Text), options, cancellationToken).ConfigureAwait(false))
        {
            run.Add(queries[done++].Id, results.Hits);
            progress.Report(done);
        }
        run.Commit();
        progress.Dispose();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (run.Escaped > 0)
            session.Warn($"{Figures.Count(run.Escaped, "key")} had white space, written as percent escapes: judgements must use the same.");
        if (session.Json)
            session.WriteJson(new BatchJson(batch.Run, queries.Count, run.Lines, seconds), CliJson.Shapes.BatchJson);
        else
            session.Note($"{Figures.Grouped(queries.Count)} {(queries.Count == 1 ? "query" : "queries")} in {Figures.Seconds(seconds)}, {Figures.Count(run.Lines, "line")} in '{batch.Run}'.");
    }

    /// <summary>The queries to run and where to, once it is clear that this and not a text is meant.</summary>
    private sealed record Batch(string Queries, string Run, string Tag)
    {
        public static Batch? Of(string? queries, string? run, string? tag, string text)
        {
            if (queries is null)
                return run is not null || tag is not null ? throw new UsageException("--run and --tag go with --queries FILE.")
                    : text.Length == 0 ? throw new UsageException("There is nothing to search for: give a text, or --queries FILE --run OUT.")
                    : null;
            if (text.Length > 0)
                throw new UsageException("Give either a text or --queries, not both.");
            return new(queries, run ?? throw new UsageException("--queries needs --run OUT, the file to write."), tag ?? "mrl");
        }
    }
}
