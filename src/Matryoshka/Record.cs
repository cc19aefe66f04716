using System.Text.Json.Nodes;

namespace Matryoshka;

/// <summary>One thing to be found: a passage, a product, an image's caption, with its key, text and metadata.</summary>
public sealed record Record
{
    /// <summary>The longest key accepted, in UTF-16 units: keys are read by people and stored in an index.</summary>
    public const int MaxKeyLength = 1024;

    /// <summary>What names the record in its collection; 1 to <see cref="MaxKeyLength"/> characters. Upserting the same key replaces the record.</summary>
    public required string Key { get; init; }

    /// <summary>The text that is embedded, searched by keywords and shown. May be empty only when <see cref="Vector"/> is given.</summary>
    public string Text { get; init; } = "";

    /// <summary>Where the text came from, e.g. a file's path or an address.</summary>
    public string? Source { get; init; }

    /// <summary>Where in the source it stands: page, line, heading and such.</summary>
    public JsonObject? Position { get; init; }

    /// <summary>Anything a filter should see.</summary>
    public JsonObject? Metadata { get; init; }

    /// <summary>
    /// The full vector when it was computed elsewhere; null or empty to have the collection's generator embed <see cref="Text"/>.
    /// Stored scaled to unit length: cosine does not see the scale, and half precision holds it best there.
    /// </summary>
    public ReadOnlyMemory<float>? Vector { get; init; }
}

/// <summary>A record that could not be written, and why; the others of its batch were.</summary>
/// <param name="Key">The record's key.</param>
/// <param name="Error">What was wrong with it.</param>
public sealed record RecordFailure(string Key, MatryoshkaException Error);

/// <summary>What an upsert did.</summary>
/// <param name="Embedded">Records whose text was embedded or whose vector was stored.</param>
/// <param name="Updated">Records whose metadata, source or position changed while the text, and so the vector, stayed.</param>
/// <param name="Unchanged">Records that were already stored exactly so.</param>
/// <param name="Failed">Records refused, each reported to the failure callback.</param>
public sealed record UpsertResult(long Embedded, long Updated, long Unchanged, long Failed)
{
    /// <summary>Adds the counts of two results.</summary>
    public static UpsertResult operator +(UpsertResult left, UpsertResult right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new(left.Embedded + right.Embedded, left.Updated + right.Updated, left.Unchanged + right.Unchanged, left.Failed + right.Failed);
    }

    /// <summary>Adds the counts of two results.</summary>
    public static UpsertResult Add(UpsertResult left, UpsertResult right) => left + right;
}
