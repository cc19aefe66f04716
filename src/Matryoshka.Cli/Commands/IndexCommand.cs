using System.CommandLine;
using System.Diagnostics;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Matryoshka.Documents;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl index</c>: documents into a collection, and the collection kept in step with them.</summary>
internal static class IndexCommand
{
    private const int FailuresShown = 20;

    public static readonly CommandEntry Entry = new("index", "Index folders, files, BEIR collections or standard input; run again, it embeds only what changed.",
    [
        "mrl index ./docs",
        "mrl index products.jsonl --text-field description --id-field sku",
        "mrl index ./docs --model nomic-embed-text-v1.5 -c docs.mrl",
        "mrl index ./docs --model tei: --endpoint http://gpu:3000 --cache vectors.db -c docs.mrl",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Folders, files (.txt .md .html .pdf .jsonl .csv .tsv, source code), BEIR folders, or '-' for standard input.", Arity = ArgumentArity.OneOrMore };
        var chunk = Options.Number("--chunk", "Longest piece in tokens. Default: 256, or less where the model takes less");
        var overlap = Options.Text("--overlap", "N", "Tokens repeated from piece to piece. Default: an eighth of --chunk");
        var textField = Options.Text("--text-field", "NAME", "Field or column that holds the text of .jsonl and .csv rows.");
        var idField = Options.Text("--id-field", "NAME", "Field or column that holds their key.");
        var f32 = Options.Flag("--f32", "Store full vectors as f32 instead of f16 (new collections).");
        var noKeywords = Options.Flag("--no-keywords", "Leave out the keyword index (new collections).");
        command.Arguments.Add(paths);
        foreach (var option in new Option[] { chunk, overlap, textField, idField, f32, noKeywords })
            command.Options.Add(option);
        var models = new ModelOptions(command, "What embeds: a name of 'mrl models', a folder, owner/name, or provider:model. Default: the collection's model, or the one inside mrl", cuts: true,
            adapter: "What projects the vectors before they are stored, as 'mrl train adapter' wrote it.");
        command.SetAction(async (result, cancellationToken) =>
        {
            var read = Read(result.GetValue(textField), result.GetValue(idField));
            var request = models.Read(result);
            _ = Split(result.GetValue(chunk), result.GetValue(overlap), null);
            var listing = DocumentSources.Enumerate(result.GetRequiredValue(paths), ct: cancellationToken);
            if (listing.Sources.Count == 0 && listing.Roots.Count == 0)
                throw new MatryoshkaException(string.Join(" ", listing.Failures.Select(failure => failure.ToString())));
            using var opened = await OpenOrCreateAsync(session, request, result.GetValue(f32), !result.GetValue(noKeywords), cancellationToken).ConfigureAwait(false);
            var pipeline = WithTokenizer(new() { Read = read, Split = Split(result.GetValue(chunk), result.GetValue(overlap), MostTokens(opened.Model)) }, opened.Model.Generator);
            var code = await RunAsync(session, opened.Collection, pipeline, listing, cancellationToken).ConfigureAwait(false);
            opened.Model.ReportCuts(session);
            return code;
        });
    }

    /// <summary>Splits by the model's own tokens where its tokenizer is known, else by words.</summary>
    public static PipelineOptions WithTokenizer(PipelineOptions options, IEmbeddingGenerator generator) =>
        generator.GetService(typeof(StaticModel)) is StaticModel model ? options with { Counter = model.Tokenizer.CountTokens, CounterId = model.Tokenizer.Identity }
        : generator.GetService(typeof(ModelTokenizer)) is ModelTokenizer tokenizer ? options with { Counter = tokenizer.CountTokens, CounterId = tokenizer.Identity }
        : options;

    /// <summary>Tokens of a piece that the model reads whole beside its prompt and special tokens; null where its tokenizer or limit is not known.</summary>
    private static int? MostTokens(LoadedModel model) =>
        model.Generator.GetService(typeof(ModelTokenizer)) is ModelTokenizer tokenizer && model.Recipe.MaxTokens is { } limit
            ? Math.Max(1, limit - tokenizer.SpecialTokens() - tokenizer.CountTokens(model.Recipe.DocumentPrompt)) : null;

    private static async Task<OpenedCollection> OpenOrCreateAsync(Session session, ModelRequest request, bool f32, bool keywords, CancellationToken cancellationToken)
    {
        if (Collection.Exists(session.Directory))
            return await OpenExistingAsync(session, request, cancellationToken).ConfigureAwait(false);
        if (request is { Force: true, Adapter: not null })
            throw new UsageException("--force and --adapter exclude each other: an adapter's own sizes are those its vectors may be cut to.");
        var model = await ModelLoader.LoadAsync(session, request with { Force = false }, cancellationToken).ConfigureAwait(false);
        try
        {
            if (request.Force)
                model = ModelLoader.Forced(model);
            if (request.Adapter is not null)
                model = model.AdaptedBy(VectorAdapter.Load(request.Adapter));
            return new(Collection.Create(session.Directory, new()
            {
                Generator = model.Generator,
                Model = model.Source.ToJson(),
                FullPrecision = f32 ? Precision.F32 : Precision.F16,
                Keywords = keywords,
            }), model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static async Task<OpenedCollection> OpenExistingAsync(Session session, ModelRequest request, CancellationToken cancellationToken)
    {
        var opened = await OpenedCollection.OpenAsync(session, request, cancellationToken).ConfigureAwait(false);
        try
        {
            if (request.Force && opened.Collection.Recipe.Dimensions.Kind != NestingKind.Forced)
                throw new UsageException($"How '{session.Directory}' is cut was fixed when it was created: leave --force out, or index into another collection with -c.");
            // Another place for the same model, as its fingerprint shows: it is found there from now on.
            if (request.Model is not null && opened.Model.Source.ToJson() is var source && source != opened.Collection.Model)
                await opened.Collection.SetModelAsync(source, cancellationToken).ConfigureAwait(false);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private static async Task<int> RunAsync(Session session, Collection collection, PipelineOptions options, DocumentListing listing, CancellationToken cancellationToken)
    {
        var failures = new List<DocumentFailure>();
        var started = Stopwatch.GetTimestamp();
        session.Kept = "nothing was changed";
        using var progress = new Progress(session, "indexed", "pieces", null);
        var indexer = new Indexer(collection, options, failures.Add, new Watch(session, progress));
        var done = await indexer.RunAsync(listing, cancellationToken).ConfigureAwait(false);
        session.Kept = null;
        progress.Dispose();
        var code = Report(session, done, failures, listing, await collection.CountAsync(cancellationToken: cancellationToken).ConfigureAwait(false), Stopwatch.GetElapsedTime(started));
        await Maintenance.FinishAsync(session, collection, done.Pieces.Embedded, cancellationToken).ConfigureAwait(false);
        return code;
    }

    private static int Report(Session session, IndexProgress done, List<DocumentFailure> failures, DocumentListing listing, long records, TimeSpan elapsed)
    {
        var stored = done.Pieces.Embedded + done.Pieces.Updated + done.Pieces.Unchanged;
        if (session.Json)
            session.WriteJson(new IndexJson(session.Directory, done.SourcesDone, done.SourcesUnchanged, done.SourcesVanished, listing.SkippedFiles,
                done.Pieces.Embedded, done.Pieces.Updated, done.Pieces.Unchanged, done.Removed, records, elapsed.TotalSeconds,
                [.. failures.Select(f => new FailureJson(f.Source, f.Line, f.Message, f.IsWarning))]), CliJson.Shapes.IndexJson);
        else
            session.Note(string.Join("; ", Summary(session, done, listing, records, elapsed)) + ".");
        if (!session.Json)
        {
            foreach (var failure in failures.OrderBy(f => f.IsWarning).Take(FailuresShown))
                session.Warn(failure.ToString());
            if (failures.Count > FailuresShown)
                session.Warn($"{Figures.Count(failures.Count - FailuresShown, "more problem")}; --json lists all.");
        }
        return stored == 0 && done.SourcesUnchanged == 0 && failures.Any(f => !f.IsWarning)
            ? throw new MatryoshkaException($"Nothing could be indexed: {Figures.Count(failures.Count(f => !f.IsWarning), "problem")}.")
            : 0;
    }

    private static IEnumerable<string> Summary(Session session, IndexProgress done, DocumentListing listing, long records, TimeSpan elapsed)
    {
        yield return $"{Figures.Count(done.SourcesDone, "source")} read in {Figures.Seconds(elapsed.TotalSeconds)}: {Figures.Count(done.Pieces.Embedded, "piece")} embedded";
        if (done.Pieces.Unchanged + done.Pieces.Updated > 0)
            yield return $"{Figures.Count(done.Pieces.Unchanged + done.Pieces.Updated, "piece")} kept their vectors";
        if (done.SourcesUnchanged > 0)
            yield return $"{Figures.Count(done.SourcesUnchanged, "source")} unchanged";
        if (done.Removed > 0)
            yield return $"{Figures.Count(done.Removed, "record")} removed{(done.SourcesVanished > 0 ? $" ({Figures.Count(done.SourcesVanished, "source")} vanished)" : "")}";
        if (listing.SkippedFiles > 0)
            yield return $"{Figures.Count(listing.SkippedFiles, "file")} of other kinds passed over ({string.Join(" ", listing.SkippedExtensions.Keys.Take(8).Select(e => e.Length == 0 ? "no extension" : e))})";
        yield return $"'{session.Directory}' holds {Figures.Count(records, "record")}";
    }

    private static SplitOptions Split(int? chunk, string? overlap, int? most)
    {
        var tokens = chunk ?? Math.Min(new SplitOptions().MaxTokens, most ?? int.MaxValue);
        if (overlap is null)
            return new() { MaxTokens = tokens, OverlapTokens = tokens / 8 };
        return int.TryParse(overlap, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var repeated)
            ? new() { MaxTokens = tokens, OverlapTokens = repeated }
            : throw new UsageException($"'{overlap}' is not a number that --overlap takes: 0, 1, 2 and so on.");
    }

    private static DocumentReadOptions Read(string? textField, string? idField)
    {
        var read = new DocumentReadOptions();
        if (textField is not null)
            read = read with { TextFields = [textField] };
        return idField is null ? read : read with { IdFields = [idField] };
    }

    /// <summary>Draws the progress and keeps what an interruption would leave up to date.</summary>
    private sealed class Watch(Session session, Progress progress) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value)
        {
            var stored = value.Pieces.Embedded + value.Pieces.Updated + value.Pieces.Unchanged;
            if (stored > 0)
                session.Kept = $"{Figures.Count(stored, "piece")} are stored and stay; the same command goes on from there";
            progress.Report(stored, value.BytesTotal > 0 ? Math.Min(1, (double)value.BytesRead / value.BytesTotal) : null);
        }
    }
}
