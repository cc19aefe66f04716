using Microsoft.Extensions.AI;

namespace Matryoshka.Storage;

/// <summary>Checks records and embeds those whose text is not stored yet, before the writer's place is taken.</summary>
internal sealed class RecordPreparer(CollectionStore store, IEmbeddingGenerator<string, Embedding<float>>? generator, Action<RecordFailure>? onFailure)
{
    private readonly Lock gate = new();

    public long Failed { get; private set; }

    public async Task<IReadOnlyList<PreparedRecord>> PrepareAsync(IReadOnlyList<Record> batch, CancellationToken cancellationToken)
    {
        // The last of several records with one key wins, as if they had been upserted one after the other.
        var byKey = new Dictionary<string, PreparedRecord>(batch.Count, StringComparer.Ordinal);
        foreach (var record in batch)
            if (Check(record) is { } prepared)
                byKey[prepared.Key] = prepared;
        var standing = new List<PreparedRecord>();
        var changed = new List<PreparedRecord>();
        store.Query(catalog =>
        {
            foreach (var prepared in byKey.Values)
            {
                var known = prepared.Vector is not null || (catalog.ByKey(prepared.Key) is { } stored && prepared.SameText(stored));
                (known ? standing : changed).Add(prepared);
            }
            return 0;
        });
        return [.. standing, .. await EmbedAsync(changed, cancellationToken).ConfigureAwait(false)];
    }

    /// <summary>Gives every record its vector; those that cannot be embedded are reported and left out.</summary>
    public async Task<IReadOnlyList<PreparedRecord>> EmbedAsync(IReadOnlyList<PreparedRecord> records, CancellationToken cancellationToken)
    {
        if (records.Count == 0)
            return [];
        if (generator is null)
            throw new MatryoshkaException($"Record '{records[0].Key}' has text but no vector, and the collection was opened without a generator for '{store.Meta.Recipe.Name}': give the vector, or open the collection with that model.");
        GeneratedEmbeddings<Embedding<float>> embeddings;
        try
        {
            embeddings = await generator.GenerateAsync(records.Select(r => r.Text).ToList(), EmbeddingRole.Document, null, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidVectorException error) when (records.Count == 1)
        {
            Fail(records[0].Key, new InvalidVectorException($"Record '{Shorten(records[0].Key)}': {error.Message}"));
            return [];
        }
        catch (InvalidVectorException)
        {
            // One text of the batch has no vector and the generator does not say which: halve until it stands alone.
            var half = records.Count / 2;
            return [.. await EmbedAsync([.. records.Take(half)], cancellationToken).ConfigureAwait(false),
                    .. await EmbedAsync([.. records.Skip(half)], cancellationToken).ConfigureAwait(false)];
        }
        if (embeddings.Count != records.Count)
            throw new MatryoshkaException($"The generator was given {records.Count} texts and returned {embeddings.Count} vectors; they cannot be told apart, so none is stored.");
        var embedded = new List<PreparedRecord>(records.Count);
        for (var i = 0; i < records.Count; i++)
            if (Unit(records[i].Key, embeddings[i].Vector.Span) is { } vector)
                embedded.Add(records[i] with { Vector = vector });
        return embedded;
    }

    private PreparedRecord? Check(Record record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (string.IsNullOrEmpty(record.Key) || record.Key.Length > Record.MaxKeyLength || record.Key.Contains('\0', StringComparison.Ordinal) || WholeText.Of(record.Key) != record.Key)
            return Fail(record.Key ?? "", new MatryoshkaException($"A record has the key '{Shorten(record.Key ?? "")}' of {record.Key?.Length ?? 0} characters: a key has 1 to {Record.MaxKeyLength}, no NUL and no half of a surrogate pair."));
        if (record.Text.AsSpan().Trim().IsEmpty && record.Vector is null or { Length: 0 })
            return Fail(record.Key, new MatryoshkaException($"Record '{Shorten(record.Key)}' has neither text nor vector: give one of them."));
        float[]? vector = null;
        if (record.Vector is { Length: > 0 } given && (vector = Unit(record.Key, given.Span)) is null)
            return null;
        try
        {
            return new(record.Key, WholeText.Of(record.Text), WholeText.Of(record.Source), RecordJson.Write(record.Position, "position"), RecordJson.Write(record.Metadata, "metadata"), vector, vector is not null);
        }
        catch (MatryoshkaException error)
        {
            return Fail(record.Key, new MatryoshkaException($"Record '{Shorten(record.Key)}': {error.Message}", error.InnerException));
        }
    }

    private float[]? Unit(string key, ReadOnlySpan<float> vector)
    {
        try
        {
            Truncation.Validate(vector, store.Meta.Recipe.Dimensions.Full);
            var unit = vector.ToArray();
            Truncation.Normalize(unit);
            return unit;
        }
        catch (InvalidVectorException error)
        {
            Fail(key, new InvalidVectorException($"Record '{Shorten(key)}': {error.Message}"));
            return null;
        }
    }

    private PreparedRecord? Fail(string key, MatryoshkaException error)
    {
        if (onFailure is null)
            throw error;
        lock (gate)
            Failed++;
        onFailure(new(key, error));
        return null;
    }

    private static string Shorten(string key) => key.Length <= 80 ? key : key[..80] + "...";
}
