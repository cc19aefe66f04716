using System.Text.Json;
using Matryoshka.Cli.Bench;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Matryoshka.Tuning;

namespace Matryoshka.Cli.Tune;

/// <summary>Queries with what is known to be relevant to them, as the options name them.</summary>
/// <param name="Queries">The queries.</param>
/// <param name="Judgements">What is relevant; null if nothing is known.</param>
/// <param name="HeldOut">The copy to measure on where sentences stand in for queries.</param>
internal sealed record TuneInput(IReadOnlyList<TuneQuery> Queries, Judgements? Judgements, HeldOutSentences? HeldOut = null) : IDisposable
{
    private const int Sentences = 1000;
    private const int EmbeddingBatch = 256;

    private static readonly string[] QrelsNames = ["qrels.test.tsv", Path.Join("qrels", "test.tsv"), "qrels.dev.tsv", Path.Join("qrels", "dev.tsv"), "qrels.tsv"];

    public void Dispose() => HeldOut?.Dispose();

    /// <param name="session">The collection.</param>
    /// <param name="queries">A file, a BEIR folder, or null to hold sentences out.</param>
    /// <param name="qrels">A file of judgements, or null.</param>
    /// <param name="limit">How many queries at most.</param>
    /// <param name="model">What embeds texts, the collection's own if it names none, and the adapter.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<TuneInput> ReadAsync(Session session, string? queries, string? qrels, int limit, ModelRequest model, CancellationToken cancellationToken)
    {
        if (queries is null)
            return await HoldOutAsync(session, limit, model, cancellationToken).ConfigureAwait(false);
        if (Directory.Exists(queries))
        {
            qrels ??= Array.Find(QrelsNames, name => File.Exists(Path.Join(queries, name))) is { } found ? Path.Join(queries, found)
                : throw new MatryoshkaException($"The folder '{queries}' holds no judgements by the names of BEIR ({string.Join(", ", QrelsNames)}): give them with --qrels FILE.");
            queries = Path.Join(queries, "queries.jsonl");
        }
        var judgements = qrels is null ? null : QrelsFile.Read(qrels);
        if (judgements?.Repeated > 0)
            session.Warn($"{Figures.Count(judgements.Repeated, "judgement")} in '{qrels}' stand twice; the last of each counts.");
        if (!InputFile.HasExtension(queries, ".jsonl") && !InputFile.HasExtension(queries, ".tsv"))
            return new(Vectors(session, queries, limit), judgements);
        if (judgements is null && HasRelevant(queries))
            judgements = QrelsFile.Read(queries);
        return InputFile.HasExtension(queries, ".jsonl") && !BenchQueries.AreTexts(queries)
            ? new(JsonVectors(queries, limit), judgements)
            : new(await EmbedAsync(session, queries, judgements, limit, model, cancellationToken).ConfigureAwait(false), judgements);
    }

    private static async Task<TuneInput> HoldOutAsync(Session session, int limit, ModelRequest model, CancellationToken cancellationToken)
    {
        using var opened = await OpenedCollection.OpenAsync(session, model, cancellationToken).ConfigureAwait(false);
        session.Note("No queries are given: sentences held out from the records stand in for them. They are not what users ask; give --queries FILE when you can.");
        var folder = Path.Join(Path.GetTempPath(), $"mrl-tune-{Guid.NewGuid():N}");
        var held = await HeldOutSentences.CreateAsync(opened.Collection, opened.Model.Generator, Math.Min(limit, Sentences), folder, cancellationToken).ConfigureAwait(false);
        return new(held.Queries, held.Judgements, held);
    }

    private static List<TuneQuery> Vectors(Session session, string path, int limit)
    {
        using var bare = session.Open();
        var read = BenchQueries.ReadVectors(path, bare.Recipe.Dimensions.Full, limit);
        return [.. read.Vectors.Select((vector, i) => new TuneQuery(Figures.Plain(read.Rows[i]), vector))];
    }

    private static List<TuneQuery> JsonVectors(string path, int limit)
    {
        var queries = new List<TuneQuery>();
        using var file = VectorFile.Open(path, null);
        foreach (var row in file.Read().Take(limit))
            queries.Add(new(row.Key ?? Figures.Plain(queries.Count), row.Vector!, row.Text));
        return queries;
    }

    private static async Task<List<TuneQuery>> EmbedAsync(Session session, string path, Judgements? judgements, int limit, ModelRequest model, CancellationToken cancellationToken)
    {
        var texts = QueryFile.Read(path);
        // What nobody judged need not be embedded, where there are judgements.
        var wanted = judgements is null ? texts : texts.FindAll(query => judgements[query.Id].Count > 0);
        if (wanted.Count == 0)
            throw new MatryoshkaException($"None of the {Figures.Count(texts.Count, "query")} in '{path}' is judged: query ids and judgements must use the same ids.".Replace("querys", "queries", StringComparison.Ordinal));
        if (wanted.Count < texts.Count)
            session.Note($"{Figures.Grouped(texts.Count - wanted.Count)} of {Figures.Grouped(texts.Count)} queries have no judgements and are left out.");
        wanted = [.. wanted.Take(limit)];
        using var opened = await OpenedCollection.OpenAsync(session, model, cancellationToken).ConfigureAwait(false);
        using var progress = new Progress(session, "embedded", "queries", wanted.Count);
        var queries = new List<TuneQuery>();
        var done = 0;
        foreach (var batch in wanted.Chunk(EmbeddingBatch))
        {
            var vectors = await BenchQueries.EmbedOrLeaveAsync(opened.Model.Generator, [.. batch.Select(query => query.Text)], cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < batch.Length; i++)
                if (vectors[i] is { } vector)
                    queries.Add(new(batch[i].Id, vector, batch[i].Text));
            progress.Report(done += batch.Length);
        }
        progress.Dispose();
        if (queries.Count < wanted.Count)
            session.Warn($"{Figures.Grouped(wanted.Count - queries.Count)} of {Figures.Grouped(wanted.Count)} queries in '{path}' have no word the model knows and were left out.");
        return queries;
    }

    private static bool HasRelevant(string path)
    {
        using var lines = InputFile.OpenLines(path);
        while (lines.TryRead(out var line))
            if (line.Span.IndexOfAnyExcept(" \t"u8) >= 0)
                return line.Span[0] == (byte)'{' && IsJudged(line);
        return false;
    }

    private static bool IsJudged(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("relevant", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
