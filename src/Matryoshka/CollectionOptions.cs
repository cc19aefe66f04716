using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>How a collection is created. Fixed for its life, except that planes can be added by compaction.</summary>
public sealed record CollectionOptions
{
    /// <summary>
    /// Embeds texts and names the recipe (its <c>GetService(typeof(ModelRecipe))</c> answers). Null for a collection of
    /// vectors computed elsewhere; then <see cref="Recipe"/> is required.
    /// </summary>
    public IEmbeddingGenerator<string, Embedding<float>>? Generator { get; init; }

    /// <summary>The recipe when the generator does not name one, or when there is none.</summary>
    public ModelRecipe? Recipe { get; init; }

    /// <summary>Where the model that embeds is found, to be read back as <see cref="Collection.Model"/>; 1 to 4,096 characters, never a key. Null to leave it open.</summary>
    public string? Model { get; init; }

    /// <summary>Precision of the stored full vectors, the truth all else is derived from: <see cref="Matryoshka.Precision.F16"/> (default) or <see cref="Matryoshka.Precision.F32"/>.</summary>
    public Precision FullPrecision { get; init; } = Precision.F16;

    /// <summary>Whether int8 planes are kept beside the full vectors (a byte a component).</summary>
    public bool Int8 { get; init; } = true;

    /// <summary>Whether bit planes are kept beside the full vectors (a bit a component).</summary>
    public bool Bit { get; init; } = true;

    /// <summary>Whether texts are indexed for keyword and hybrid search.</summary>
    public bool Keywords { get; init; } = true;
}

/// <summary>How a collection is opened.</summary>
public sealed record OpenOptions
{
    /// <summary>
    /// Embeds queries and new texts. Its recipe must have the collection's fingerprint. Null is enough to read, delete,
    /// compact, and to search by vector, by keyword or by stored record.
    /// </summary>
    public IEmbeddingGenerator<string, Embedding<float>>? Generator { get; init; }

    /// <summary>The recipe of a generator that does not name one itself.</summary>
    public ModelRecipe? Recipe { get; init; }

    /// <summary>How long a write waits while another process writes, before <see cref="CollectionBusyException"/>. Default 10 seconds.</summary>
    public TimeSpan WriterWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether segments are merged, and inverted lists built, in the background after writes (default), or only when
    /// <see cref="Collection.MaintainAsync"/> is called.
    /// </summary>
    public bool BackgroundMaintenance { get; init; } = true;

    /// <summary>
    /// Bytes of planes and lists to keep in memory at most; null (default) for all of them. Ids, norms, bits and lists are
    /// always kept; then int8 rings and last full vectors, the smallest prefixes first, as far as the budget goes. The rest is
    /// read from the files when a stage asks for it. Vectors that wait in the catalogue (at most about a thousand) and the
    /// database's own cache are not counted.
    /// </summary>
    public long? MemoryBudget { get; init; }
}

/// <summary>Another process is writing to the collection and did not finish in the time allowed.</summary>
public sealed class CollectionBusyException(string message) : MatryoshkaException(message);

/// <summary>The folder holds no collection.</summary>
public sealed class CollectionNotFoundException(string message) : MatryoshkaException(message);

/// <summary>
/// Vectors of another recipe were brought to a collection: searching or storing them would give meaningless scores.
/// </summary>
public sealed class RecipeMismatchException : MatryoshkaException
{
    internal RecipeMismatchException(string message, IReadOnlyList<RecipeDifference> differences) : base(message) => Differences = differences;

    /// <summary>The differing fields: left the collection's value, right the generator's.</summary>
    public IReadOnlyList<RecipeDifference> Differences { get; }
}

/// <summary>The folder already holds a collection.</summary>
public sealed class CollectionExistsException(string message) : MatryoshkaException(message);
