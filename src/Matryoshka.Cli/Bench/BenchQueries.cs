using Matryoshka.Cli.Files;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Bench;

/// <summary>The queries to measure with.</summary>
/// <param name="Vectors">One each, of the collection's full length.</param>
/// <param name="Rows">The row of the file each came from, from 0.</param>
/// <param name="InFile">Rows of the file, read or not; null where only reading all of it would tell.</param>
internal sealed record BenchQueries(IReadOnlyList<ReadOnlyMemory<float>> Vectors, IReadOnlyList<int> Rows, long? InFile)
{
    private const int EmbeddingBatch = 256;

    public int Count => Vectors.Count;

    /// <summary>So many of them, evenly spread.</summary>
    public BenchQueries Spread(int count)
    {
        if (count >= Count)
            return this;
        var chosen = Enumerable.Range(0, count).Select(i => (int)((long)i * Count / count)).ToList();
        return new(chosen.ConvertAll(i => Vectors[i]), chosen.ConvertAll(i => Rows[i]), InFile);
    }

    /// <summary>Whether a file holds texts, which a model must embed, instead of vectors.</summary>
    public static bool AreTexts(string path)
    {
        if (!IsJson(path))
            return false;
        using var lines = InputFile.OpenLines(path);
        while (lines.TryRead(out var line))
            if (line.Span.IndexOfAnyExcept(" \t"u8) >= 0)
                return VectorRow.Parse(line, $"Line {lines.Number} of '{path}'").Vector is null;
        throw new InvalidFormatException($"'{path}' holds no queries.");
    }

    /// <summary>Reads vectors: <c>.f32</c>, <c>.npy</c>, or JSON lines with <c>vector</c> or <c>embedding</c>.</summary>
    /// <exception cref="MatryoshkaException">They are not of the collection's length, or one has no direction.</exception>
    public static BenchQueries ReadVectors(string path, int full, int limit)
    {
        using var file = VectorFile.Open(path, BinaryVectors.ShapeInName(path) is null ? full : null);
        if (file.Dimensions != full)
            throw new MatryoshkaException($"'{path}' has vectors of {file.Dimensions} components, but the collection's have {full}: queries are whole vectors of the same model.");
        var vectors = new List<ReadOnlyMemory<float>>();
        foreach (var row in file.Read().Take(limit))
        {
            Truncation.Validate(row.Vector, full, vectors.Count);
            vectors.Add(row.Vector);
        }
        return Of(path, vectors, [.. Enumerable.Range(0, vectors.Count)], file.Rows ?? (vectors.Count < limit ? vectors.Count : null));
    }

    /// <summary>Reads JSON lines with <c>text</c> and embeds them as queries.</summary>
    public static async Task<BenchQueries> EmbedAsync(Session session, string path, int limit, ModelRequest model, CancellationToken cancellationToken)
    {
        var texts = TextLines.ReadJson(path).Take(limit).ToList();
        using var opened = await OpenedCollection.OpenAsync(session, model, cancellationToken).ConfigureAwait(false);
        var generator = opened.Model.Generator;
        using var progress = new Progress(session, "embedded", "queries", texts.Count);
        var (vectors, rows) = (new List<ReadOnlyMemory<float>>(), new List<int>());
        var done = 0;
        foreach (var batch in texts.Chunk(EmbeddingBatch))
        {
            foreach (var vector in await EmbedOrLeaveAsync(generator, batch, cancellationToken).ConfigureAwait(false))
            {
                if (vector is { } known)
                {
                    vectors.Add(known);
                    rows.Add(done);
                }
                done++;
            }
            progress.Report(done);
        }
        progress.Dispose();
        opened.Model.ReportCuts(session);
        if (vectors.Count < texts.Count)
            session.Warn($"{Figures.Grouped(texts.Count - vectors.Count)} of {Figures.Count(texts.Count, "text")} in '{path}' have no word the model knows and were left out.");
        return Of(path, vectors, rows, texts.Count < limit ? texts.Count : null);
    }

    // One text without a known word must not end a run of thousands: it is left without a vector.
    public static async Task<ReadOnlyMemory<float>?[]> EmbedOrLeaveAsync(IEmbeddingGenerator<string, Embedding<float>> generator, string[] texts, CancellationToken cancellationToken)
    {
        try
        {
            var embeddings = await generator.GenerateAsync(texts, EmbeddingRole.Query, null, cancellationToken).ConfigureAwait(false);
            return [.. embeddings.Select(embedding => embedding.Vector.Span.IndexOfAnyExcept(0f) < 0 ? null : (ReadOnlyMemory<float>?)embedding.Vector)];
        }
        catch (InvalidVectorException) when (texts.Length > 1)
        {
            var half = texts.Length / 2;
            return [.. await EmbedOrLeaveAsync(generator, texts[..half], cancellationToken).ConfigureAwait(false),
                    .. await EmbedOrLeaveAsync(generator, texts[half..], cancellationToken).ConfigureAwait(false)];
        }
        catch (InvalidVectorException)
        {
            return [null];
        }
    }

    private static BenchQueries Of(string path, List<ReadOnlyMemory<float>> vectors, List<int> rows, long? inFile) =>
        vectors.Count > 0 ? new(vectors, rows, inFile) : throw new InvalidFormatException($"'{path}' holds no queries.");

    private static bool IsJson(string path) => InputFile.HasExtension(path, ".jsonl") || InputFile.HasExtension(path, ".ndjson");
}
