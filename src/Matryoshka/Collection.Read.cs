using System.Runtime.CompilerServices;
using Matryoshka.Search;
using Matryoshka.Storage;

namespace Matryoshka;

public sealed partial class Collection
{
    private const int PageSize = 256;

    /// <summary>The record of a key, or null.</summary>
    /// <param name="key">The record's key.</param>
    /// <param name="includeVector">Whether to read its stored full vector, unit length.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Record?> GetAsync(string key, bool includeVector = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(includeVector
            ? store.QueryVectors(session => session.Catalog.ByKey(key) is { } stored ? ToRecord(stored, ReadVector(session.Snapshot, stored.Id)) : null)
            : store.Query(catalog => catalog.ByKey(key) is { } stored ? ToRecord(stored, null) : null));
    }

    /// <summary>All records in the order they were written, as of one commit; those a filter lets through if one is given.</summary>
    public async IAsyncEnumerable<Record> ListAsync(Filter? filter = null, bool includeVectors = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var session = CollectionStore.Guard(store.Paths, () => store.BeginRead(includeVectors));
        for (long after = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = CollectionStore.Guard(store.Paths, () => session.Catalog.Page(after, filter, PageSize));
            foreach (var stored in page)
                yield return ToRecord(stored, includeVectors ? ReadVector(session.Snapshot, stored.Id) : null);
            if (page.Count < PageSize)
                yield break;
            after = page[^1].Id;
            await Task.Yield();
        }
    }

    /// <summary>How many records there are, or how many a filter lets through.</summary>
    public Task<long> CountAsync(Filter? filter = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(store.Query(catalog => catalog.Count(filter)));
    }

    /// <summary>The keys that came from a source, in the order they were written.</summary>
    public Task<IReadOnlyList<string>> GetKeysAsync(string source, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyList<string>>(store.Query(catalog => catalog.KeysOfSource(source)));
    }

    /// <summary>Every source and the stamp it was last read with.</summary>
    public Task<IReadOnlyDictionary<string, string>> GetSourcesAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyDictionary<string, string>>(store.Query(catalog => catalog.Sources()));
    }

    /// <summary>What the collection is made of.</summary>
    public CollectionInfo GetInfo() => store.QueryVectors(session => InfoReader.Read(store, session, DefaultOf(session)));

    /// <summary>Opens the collection's newest commit for many searches by vector that read planes only. To be disposed.</summary>
    /// <param name="filters">Filters that searches will name: evaluated here, at that commit, whatever is written later.</param>
    public CollectionReader OpenReader(params IReadOnlyList<Filter> filters)
    {
        ArgumentNullException.ThrowIfNull(filters);
        return store.QueryVectors(session =>
        {
            var selections = filters.Select(filter => KeyValuePair.Create(filter.ToString(), RowSelection.Of(session, filter))).DistinctBy(known => known.Key).ToList();
            // The session holds a reference while this runs, so another one can be taken.
            session.Snapshot.TryAddReference();
            return new CollectionReader(store, session.Snapshot, selections);
        });
    }

    /// <summary>Checks every checksum and every reference between catalogue and segments; reads all of the collection.</summary>
    /// <returns>What is wrong, empty when all is well.</returns>
    public Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancellationToken = default) =>
        Task.Run<IReadOnlyList<string>>(() => StoreVerifier.Verify(store, cancellationToken), cancellationToken);

    private Record ToRecord(StoredRecord stored, float[]? vector) => new()
    {
        Key = stored.Key,
        Text = stored.Text,
        Source = stored.Source,
        Position = RecordJson.Read(stored.Position, "position", stored, store.Paths.Catalog),
        Metadata = RecordJson.Read(stored.Metadata, "metadata", stored, store.Paths.Catalog),
        Vector = vector is null ? null : (ReadOnlyMemory<float>?)vector.AsMemory(),
    };

    private float[] ReadVector(Snapshot snapshot, long id)
    {
        if (!snapshot.TryLocate(id, out var view, out var row))
            throw new CorruptFileException(store.Paths.Catalog, $"record {id} has no vector in any segment");
        var vector = new float[Recipe.Dimensions.Full];
        snapshot.Views[view].Segment.ReadVector(row, vector);
        return vector;
    }
}
