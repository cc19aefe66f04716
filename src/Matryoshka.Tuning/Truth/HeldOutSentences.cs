using System.Text.RegularExpressions;
using Matryoshka.Tuning.Statistics;
using Microsoft.Extensions.AI;

namespace Matryoshka.Tuning;

/// <summary>
/// Queries for a collection that has none: sentences taken out of its records, each of which is to find the record it was taken
/// from. Measured on a copy of the vectors in which those records are embedded without their sentence: left inside, it would be
/// found by its own words. Known-item search after Azzopardi, de Rijke and Balog (2007), with real sentences for generated ones.
/// </summary>
public sealed partial class HeldOutSentences : IDisposable
{
    private const int Batch = 256;
    private const int FewestWords = 6;
    private const int MostWords = 40;

    private readonly string folder;

    private HeldOutSentences(string folder, Collection collection, IReadOnlyList<TuneQuery> queries, Judgements judgements) =>
        (this.folder, Collection, Queries, Judgements) = (folder, collection, queries, judgements);

    /// <summary>The copy to measure on: the same keys and vectors, no texts. It goes with this object.</summary>
    public Collection Collection { get; }

    /// <summary>The sentences.</summary>
    public IReadOnlyList<TuneQuery> Queries { get; }

    /// <summary>The record that each is to find.</summary>
    public Judgements Judgements { get; }

    /// <summary>Takes sentences out of records drawn at random, and copies the vectors.</summary>
    /// <param name="collection">The collection; nothing is written to it.</param>
    /// <param name="generator">The collection's model.</param>
    /// <param name="count">How many sentences at most.</param>
    /// <param name="folder">Where the copy is made; a folder that does not exist yet, deleted with this object.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MatryoshkaException">No record has two sentences to take one from.</exception>
    public static async Task<HeldOutSentences> CreateAsync(Collection collection, IEmbeddingGenerator<string, Embedding<float>> generator, int count, string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(collection);
        ArgumentNullException.ThrowIfNull(generator);
        var drawn = await DrawAsync(collection, count, cancellationToken).ConfigureAwait(false);
        if (drawn.Count == 0)
            throw new MatryoshkaException($"No record of '{collection.Directory}' has two sentences, so none can be held out: give queries with --queries FILE.");
        var sentences = await EmbedAsync(generator, [.. drawn.Select(item => item.Sentence)], EmbeddingRole.Query, cancellationToken).ConfigureAwait(false);
        var rests = await EmbedAsync(generator, [.. drawn.Select(item => item.Remainder)], EmbeddingRole.Document, cancellationToken).ConfigureAwait(false);
        var (queries, judgements, replaced) = (new List<TuneQuery>(), new Judgements(), new Dictionary<string, ReadOnlyMemory<float>>(StringComparer.Ordinal));
        for (var i = 0; i < drawn.Count; i++)
            if (HasDirection(sentences[i]) && HasDirection(rests[i]))
            {
                queries.Add(new(drawn[i].Key, sentences[i], drawn[i].Sentence));
                judgements.Add(drawn[i].Key, drawn[i].Key, 1);
                replaced[drawn[i].Key] = rests[i];
            }
        var copy = await CopyAsync(collection, replaced, folder, cancellationToken).ConfigureAwait(false);
        return new(folder, copy, queries, judgements);
    }

    /// <summary>Deletes the copy.</summary>
    public void Dispose()
    {
        Collection.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A sentence from the inside of a text, and the text without it; null where there are not two.</summary>
    internal static (string Sentence, string Remainder)? Split(string text, ulong seed)
    {
        var sentences = SentenceEnd().Split(text).Select(sentence => sentence.Trim()).Where(sentence => sentence.Length > 0).ToList();
        var fit = Enumerable.Range(0, sentences.Count).Where(i => WordsOf(sentences[i]) is >= FewestWords and <= MostWords).ToList();
        if (sentences.Count < 2 || fit.Count == 0)
            return null;
        var taken = fit[new SeededRandom(seed).Below(fit.Count)];
        var rest = string.Join(' ', sentences.Where((_, i) => i != taken));
        return WordsOf(rest) >= FewestWords ? (sentences[taken], rest) : null;
    }

    // One pass over the records, each kept with the chance that makes all equally likely (Vitter's algorithm R).
    private static async Task<List<(string Key, string Sentence, string Remainder)>> DrawAsync(Collection collection, int count, CancellationToken cancellationToken)
    {
        var random = new SeededRandom(5);
        var drawn = new List<(string, string, string)>();
        var seen = 0;
        await foreach (var record in collection.ListAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
            if (Split(record.Text ?? "", (ulong)seen + 1) is var (sentence, rest))
            {
                seen++;
                if (drawn.Count < count)
                    drawn.Add((record.Key, sentence, rest));
                else if (random.Below(seen) is var place && place < count)
                    drawn[place] = (record.Key, sentence, rest);
            }
        return drawn;
    }

    private static async Task<List<ReadOnlyMemory<float>>> EmbedAsync(IEmbeddingGenerator<string, Embedding<float>> generator, string[] texts, EmbeddingRole role, CancellationToken cancellationToken)
    {
        var vectors = new List<ReadOnlyMemory<float>>(texts.Length);
        foreach (var batch in texts.Chunk(Batch))
            vectors.AddRange((await generator.GenerateAsync(batch, role, null, cancellationToken).ConfigureAwait(false)).Select(embedding => embedding.Vector));
        return vectors;
    }

    private static async Task<Collection> CopyAsync(Collection collection, Dictionary<string, ReadOnlyMemory<float>> replaced, string folder, CancellationToken cancellationToken)
    {
        var info = collection.GetInfo();
        bool Stores(string kind) => info.Planes.Count == 0 || info.Planes.Any(plane => plane.Kind == kind);
        var copy = Collection.Create(folder, new() { Recipe = info.Recipe, FullPrecision = info.FullPrecision, Int8 = Stores("int8"), Bit = Stores("bit"), Keywords = false });
        var records = collection.ListAsync(includeVectors: true, cancellationToken: cancellationToken)
            .Select(record => new Record { Key = record.Key, Text = "", Vector = replaced.TryGetValue(record.Key, out var vector) ? vector : record.Vector });
        await copy.UpsertAsync(records, null, cancellationToken).ConfigureAwait(false);
        await copy.MaintainAsync(null, cancellationToken).ConfigureAwait(false);
        return copy;
    }

    private static bool HasDirection(ReadOnlyMemory<float> vector) => vector.Span.IndexOfAnyExcept(0f) >= 0;

    private static int WordsOf(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    [GeneratedRegex(@"(?<=[.!?]['""\)\]]?)\s+(?=[\p{Lu}\p{N}'""\(])")]
    private static partial Regex SentenceEnd();
}
