using Microsoft.Data.Sqlite;

namespace Matryoshka.Storage;

/// <summary>One read transaction and, when it was begun for vectors, the snapshot that belongs to it.</summary>
internal sealed class ReadSession(CollectionStore store, CatalogConnection catalog, Snapshot? snapshot) : IDisposable
{
    public CatalogConnection Catalog { get; } = catalog;

    public Snapshot Snapshot => snapshot ?? throw new InvalidOperationException("The session was begun without vectors.");

    public void Dispose()
    {
        snapshot?.Release();
        store.Return(Catalog);
    }
}

/// <summary>The one writer's place, held across processes until disposed.</summary>
internal sealed class WriteSession(CollectionStore store, IDisposable held, CatalogConnection catalog, SemaphoreSlim gate) : IDisposable
{
    public CollectionStore Store { get; } = store;

    public CatalogConnection Catalog { get; } = catalog;

    private readonly List<string> unnamed = [];

    /// <summary>Takes note of a segment file that the running transaction is to name; it goes if the transaction fails.</summary>
    public void Track(string file) => unnamed.Add(file);

    /// <summary>Runs one transaction: all of it is durable when this returns, none of it if it throws (see <see cref="Commit()"/> for the one exception).</summary>
    public T Commit<T>(Func<CatalogConnection, T> body) => CollectionStore.Guard(Store.Paths, () =>
    {
        Catalog.BeginWrite();
        try
        {
            var result = body(Catalog);
            Catalog.RaiseGeneration();
            Commit();
            return result;
        }
        finally
        {
            Catalog.End();
            foreach (var file in unnamed)
                Sealer.Discard(Store, file);
            unnamed.Clear();
        }
    });

    // A commit that found the disk full or the database locked was undone. After any other error the log may hold it
    // whole, and whoever opens the collection next will find it there: then the files it names must be there too, and
    // this process, which sees the state before, must not write on.
    private void Commit()
    {
        try
        {
            Catalog.Commit();
            unnamed.Clear();
        }
        catch (SqliteException error) when (!SqliteErrors.IsUndone(error))
        {
            Store.Poisoned = true;
            unnamed.Clear();
            throw;
        }
    }

    public void Dispose()
    {
        Store.Return(Catalog);
        held.Dispose();
        gate.Release();
    }
}
