using System.Collections.Concurrent;
using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>How a collection's folder is used by this process.</summary>
/// <param name="Lists">How the lists of segments are built; null for the usual way.</param>
/// <param name="BackgroundMaintenance">Whether merging begins by itself after commits.</param>
/// <param name="MemoryBudget">Bytes of planes and lists to keep in memory at most; null for all of them.</param>
internal sealed record StoreSettings(ListsParameters? Lists = null, bool BackgroundMaintenance = true, long? MemoryBudget = null);

/// <summary>
/// The folder of one collection: its catalogue, its segments, the snapshot readers share and the lock writers take.
/// Threads may use it at the same time.
/// </summary>
internal sealed class CollectionStore : IDisposable
{
    // A reader whose segment vanished under a concurrent compaction begins anew; ten compactions in a row during one open do not happen.
    private const int SnapshotAttempts = 10;

    private readonly ConcurrentBag<CatalogConnection> idle = [];
    private readonly Lock snapshotGate = new();
    private readonly SemaphoreSlim writerGate = new(1, 1);
    private Snapshot? current;
    private bool orphansRemoved;
    private volatile bool poisoned;
    private volatile bool disposed;

    private CollectionStore(StorePaths paths, IFileSystem files, CatalogMeta meta, StoreSettings settings)
    {
        Paths = paths;
        Files = files;
        Meta = meta;
        MemoryBudget = settings.MemoryBudget;
        Maintainer = new(this, settings.Lists ?? new(), settings.BackgroundMaintenance);
    }

    public StorePaths Paths { get; }

    public IFileSystem Files { get; }

    public CatalogMeta Meta { get; }

    public Maintainer Maintainer { get; }

    public long? MemoryBudget { get; }

    /// <summary>Set when a flush failed: what the disk then holds is unknown, so this process writes no more.</summary>
    public bool Poisoned { get => poisoned; set => poisoned = value; }

    public static CollectionStore Create(string directory, CatalogMeta meta, IFileSystem files, StoreSettings? settings = null)
    {
        var paths = new StorePaths(directory);
        return Guard(paths, () =>
        {
            var parents = ParentsOfMissing(paths.Directory, files);
            files.CreateDirectory(paths.Segments);
            using var held = files.TryLock(paths.WriterLock)
                ?? throw new CollectionBusyException($"Another process is creating a collection in '{paths.Directory}'.");
            if (files.Exists(paths.Catalog))
                throw new CollectionExistsException($"'{paths.Directory}' already holds a collection: open it, or delete the folder first.");
            foreach (var left in (string[])["", "-journal", "-wal", "-shm"])
                files.Delete(paths.NewCatalog + left);
            using (var catalog = CatalogConnection.Open(paths.NewCatalog, create: true))
                CatalogSchema.Create(catalog.Raw, meta);
            files.Rename(paths.NewCatalog, paths.Catalog);
            foreach (var folder in (string[])[paths.Directory, .. parents])
                files.SyncDirectory(folder);
            return new CollectionStore(paths, files, meta, settings ?? new());
        });
    }

    public static CollectionStore Open(string directory, IFileSystem files, StoreSettings? settings = null)
    {
        var paths = new StorePaths(directory);
        if (!files.Exists(paths.Catalog))
            throw new CollectionNotFoundException($"There is no collection in '{directory}': create one with 'mrl index PATH -c {directory}', or name another folder with -c.");
        return Guard(paths, () =>
        {
            var catalog = CatalogConnection.Open(paths.Catalog);
            try
            {
                CatalogSchema.Check(catalog.Raw, paths.Catalog);
                var store = new CollectionStore(paths, files, CatalogMeta.Read(catalog.Raw, paths.Catalog), settings ?? new());
                if (store.MemoryBudget is not null)
                    MemoryPlan.Of(paths, store.Meta, catalog.Segments(), store.MemoryBudget); // a budget too small is told now
                store.idle.Add(catalog);
                return store;
            }
            catch
            {
                catalog.Dispose();
                throw;
            }
        });
    }

    /// <summary>Runs a query inside one read transaction: all it reads belongs to one commit.</summary>
    public T Query<T>(Func<CatalogConnection, T> body) => Guard(Paths, () =>
    {
        using var session = BeginRead(vectors: false);
        return body(session.Catalog);
    });

    /// <summary>Runs a query over vectors and catalogue inside one read transaction.</summary>
    public T QueryVectors<T>(Func<ReadSession, T> body) => Guard(Paths, () =>
    {
        using var session = BeginRead(vectors: true);
        return body(session);
    });

    /// <summary>Begins a read transaction that lives until the session is disposed.</summary>
    /// <param name="vectors">Whether its snapshot of the vectors is wanted.</param>
    /// <param name="fresh">Whether to open a connection for it even if one is idle.</param>
    public ReadSession BeginRead(bool vectors, bool fresh = false)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(Collection));
        for (var attempt = 1; ; attempt++)
        {
            var catalog = !fresh && idle.TryTake(out var free) ? free : CatalogConnection.Open(Paths.Catalog);
            try
            {
                catalog.BeginRead();
                return new(this, catalog, vectors ? AcquireSnapshot(catalog) : null);
            }
            catch (FileNotFoundException) when (attempt < SnapshotAttempts)
            {
                Return(catalog);
            }
            catch
            {
                Return(catalog);
                throw;
            }
        }
    }

    /// <summary>A snapshot of the latest commit, to be released; no transaction is held open for it, so the log can be truncated.</summary>
    public Snapshot PinSnapshot() => QueryVectors(session =>
    {
        session.Snapshot.TryAddReference();
        return session.Snapshot;
    });

    /// <exception cref="MatryoshkaException">This process must not write any more.</exception>
    public void RequireUnpoisoned()
    {
        if (Poisoned)
            throw new MatryoshkaException($"An earlier write to '{Paths.Directory}' failed to reach the disk: check the disk and open the collection again.");
    }

    /// <summary>Takes the one writer's place, waiting for another process or task at most <paramref name="wait"/>.</summary>
    public async Task<WriteSession> LockAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(Collection));
        var deadline = TimeProvider.System.GetTimestamp();
        if (!await writerGate.WaitAsync(wait, cancellationToken).ConfigureAwait(false))
            throw Busy(wait);
        try
        {
            RequireUnpoisoned();
            IDisposable? held;
            while ((held = Files.TryLock(Paths.WriterLock)) is null)
            {
                if (TimeProvider.System.GetElapsedTime(deadline) >= wait)
                    throw Busy(wait);
                await Task.Delay(20, cancellationToken).ConfigureAwait(false);
            }
            try
            {
                RemoveOrphans();
                return new(this, held, idle.TryTake(out var free) ? free : CatalogConnection.Open(Paths.Catalog), writerGate);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception error)
        {
            writerGate.Release();
            throw StorageErrors.Translate(error, Paths) ?? error;
        }
    }

    public Snapshot AcquireSnapshot(CatalogConnection catalog)
    {
        var generation = catalog.Generation();
        lock (snapshotGate)
        {
            if (current?.Generation == generation && current.TryAddReference())
                return current;
            var loaded = SnapshotLoader.Load(catalog, Paths, Files, Meta, MemoryBudget, generation, current);
            if (current is not null && current.Generation > generation)
                return loaded;
            current?.Release();
            loaded.TryAddReference();
            return current = loaded;
        }
    }

    /// <summary>Gives a connection back for the next session.</summary>
    public void Return(CatalogConnection catalog)
    {
        if (!catalog.End() || disposed)
            catalog.Dispose();
        else
            idle.Add(catalog);
    }

    public void Dispose()
    {
        Maintainer.Dispose();
        disposed = true;
        while (idle.TryTake(out var catalog))
            catalog.Dispose();
        lock (snapshotGate)
        {
            current?.Release();
            current = null;
        }
    }

    /// <summary>Runs an action and turns what SQLite and the file layer throw into errors a user can act on.</summary>
    public static T Guard<T>(StorePaths paths, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (StorageErrors.Translate(error, paths) is { } translated)
        {
            throw translated;
        }
    }

    private CollectionBusyException Busy(TimeSpan wait)
    {
        var owner = Files.ReadLockOwner(Paths.WriterLock) is { } known ? $"process {known.ProcessId}, since {known.Since:u}" : "another process";
        return new($"'{Paths.Directory}' is being written ({owner}) and did not become free within {wait.TotalSeconds:0.#} s: try again when the other writer is done.");
    }

    // A new folder survives a power cut only once its parent is flushed.
    private static List<string> ParentsOfMissing(string directory, IFileSystem files)
    {
        var parents = new List<string>();
        for (var at = directory; !files.Exists(at) && Path.GetDirectoryName(at) is { } parent; at = parent)
            parents.Add(parent);
        return parents;
    }

    // Files that a crash left between their rename and the commit that would have named them. Only the holder of both locks
    // may judge this: another writer's or maintainer's file is unnamed too until it commits. While one is at work, a later
    // write of ours tries again.
    private void RemoveOrphans()
    {
        if (orphansRemoved)
            return;
        using var held = TryLockMaintenance();
        if (held is null)
            return;
        Query(catalog =>
        {
            var named = catalog.Segments().SelectMany(s => s.Files).ToHashSet(StringComparer.Ordinal);
            foreach (var file in Files.List(Paths.Segments).Where(file => !named.Contains(file)))
                Files.Delete(Path.Join(Paths.Segments, file));
            return 0;
        });
        orphansRemoved = true;
    }

    // Making the lock's file may find the disk full, which must not keep a writer from deleting records.
    private IDisposable? TryLockMaintenance()
    {
        try
        {
            return Files.TryLock(Paths.MaintenanceLock);
        }
        catch (IOException error) when (StorageErrors.IsDiskFull(error))
        {
            return null;
        }
    }
}
