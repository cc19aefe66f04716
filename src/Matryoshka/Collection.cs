using Matryoshka.Lists;
using Matryoshka.Search;
using Matryoshka.Storage;
using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>
/// A folder of records with their full vectors, stored once and searched at any nested dimension. Safe for use by
/// several threads; one process writes at a time, any number read, and every read sees one commit.
/// </summary>
#pragma warning disable CA1711 // The field calls it a collection; it is not a .NET collection and does not pretend to be.
public sealed partial class Collection : IDisposable
#pragma warning restore CA1711
{
    private readonly CollectionStore store;
    private readonly IEmbeddingGenerator<string, Embedding<float>>? generator;
    private readonly TimeSpan writerWait;

    private Collection(CollectionStore store, IEmbeddingGenerator<string, Embedding<float>>? generator, TimeSpan writerWait)
    {
        this.store = store;
        this.generator = generator;
        this.writerWait = writerWait;
        Model = store.Meta.Model;
    }

    /// <summary>The folder, as an absolute path.</summary>
    public string Directory => store.Paths.Directory;

    /// <summary>The recipe whose vectors the collection holds.</summary>
    public ModelRecipe Recipe => store.Meta.Recipe;

    /// <summary>
    /// Where the model that embeds for the collection is found, in the words of whoever said it (<see cref="CollectionOptions.Model"/>,
    /// <see cref="SetModelAsync"/>); null when nobody did. The library only keeps it.
    /// </summary>
    public string? Model { get; private set; }

    /// <summary>
    /// The stages a search for ten runs when it names no plan: those of the stored default (see <see cref="StorePlanAsync"/>), else those of
    /// <see cref="SearchPreset.Accurate"/> for the rows there are now.
    /// </summary>
    public SearchPlan DefaultPlan => store.QueryVectors(DefaultOf);

    /// <summary>The stages of <see cref="SearchPreset.Accurate"/>, which a search for ten runs when it names no plan and none is stored as the default.</summary>
    public SearchPlan BuiltInPlan => store.QueryVectors(session => PresetPlan.For(PlanResolver.Default, store.Meta, session.Snapshot, Recipe.Dimensions.Full, new SearchOptions().K));

    /// <summary>Whether a collection stands in the folder.</summary>
    public static bool Exists(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return OsFileSystem.Instance.Exists(new StorePaths(directory).Catalog);
    }

    /// <summary>Creates an empty collection; missing folders are made.</summary>
    /// <exception cref="CollectionExistsException">The folder already holds one.</exception>
    public static Collection Create(string directory, CollectionOptions options) => Create(directory, options, OsFileSystem.Instance);

    /// <summary>Opens a collection.</summary>
    /// <exception cref="CollectionNotFoundException">The folder holds none.</exception>
    /// <exception cref="RecipeMismatchException">The generator's recipe has another fingerprint.</exception>
    /// <exception cref="MatryoshkaException">The memory budget is too small for what every search reads; the message says how much that is.</exception>
    /// <exception cref="CorruptFileException">A file is damaged.</exception>
    public static Collection Open(string directory, OpenOptions? options = null) => Open(directory, options, OsFileSystem.Instance);

    internal static Collection Create(string directory, CollectionOptions options, IFileSystem files, StoreSettings? settings = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(options);
        var (bound, recipe) = GeneratorBinding.Resolve(options.Generator, options.Recipe);
        if (recipe is null)
            throw new MatryoshkaException("A collection needs a recipe: give a generator that names one, or set CollectionOptions.Recipe for vectors computed elsewhere.");
        if (options.FullPrecision is not (Precision.F16 or Precision.F32))
            throw new MatryoshkaException($"Full vectors are stored as f16 or f32, not {options.FullPrecision}.");
        var meta = new CatalogMeta(Guid.NewGuid(), recipe, options.FullPrecision, options.Int8, options.Bit, options.Keywords, DateTimeOffset.UtcNow) { Model = CheckModel(options.Model) };
        return new(CollectionStore.Create(directory, meta, files, settings), bound, new OpenOptions().WriterWait);
    }

    // Long enough for any path or address, too short for anything else to be kept here.
    private static string? CheckModel(string? model) => model is null or { Length: > 0 and <= 4096 } ? model
        : throw new MatryoshkaException($"A place of a model has 1 to 4,096 characters, not {model.Length}.");

    internal static Collection Open(string directory, OpenOptions? options, IFileSystem files, ListsParameters? lists = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        options ??= new();
        if (options.MemoryBudget is { } budget)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budget, nameof(options));
        var (bound, recipe) = GeneratorBinding.Resolve(options.Generator, options.Recipe);
        var store = CollectionStore.Open(directory, files, new(lists, options.BackgroundMaintenance, options.MemoryBudget));
        try
        {
            if (recipe is not null)
                GeneratorBinding.RequireSame(directory, store.Meta.Recipe, recipe);
            return new(store, bound, options.WriterWait);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private SearchPlan DefaultOf(ReadSession session) =>
        PlanResolver.Resolve(store.Meta, new(), new SearchOptions().K, store.Meta.Recipe.Dimensions.Full, session.Snapshot);

    /// <summary>
    /// Closes the collection. Background maintenance is stopped and waited for; what it had not finished begins anew after
    /// the next write. Nothing is lost by not calling this: every finished write is already durable.
    /// </summary>
    public void Dispose() => store.Dispose();
}
