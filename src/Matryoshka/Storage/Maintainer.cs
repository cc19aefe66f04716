using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>
/// Keeps an open collection's segments few and their lists built: at most one piece of work at a time in this process and,
/// through <c>maintenance.lock</c>, in all of them. Errors of background work are kept until work succeeds.
/// </summary>
internal sealed class Maintainer : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    // Another process that holds the lock looks for work once more before it lets go; a background run that waited so long leaves ours to it.
    private const int BackgroundPolls = 20;

    private readonly CollectionStore store;
    private readonly Merger merger;
    private readonly bool background;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private CancellationTokenSource? running;
    private int waiting;
    private bool disposed;

    public Maintainer(CollectionStore store, ListsParameters lists, bool background)
    {
        this.store = store;
        this.background = background;
        merger = new(store, lists, progress => Progressed?.Invoke(progress));
    }

    private event Action<MaintenanceProgress>? Progressed;

    /// <summary>The error that ended the last work; null after work that went well.</summary>
    public MatryoshkaException? Failure { get; private set; }

    /// <summary>Has due work done in the background. Called after commits; returns at once.</summary>
    public void Kick()
    {
        // One that waits for its turn will see the caller's commit too.
        if (background && !stop.IsCancellationRequested && Interlocked.Exchange(ref waiting, 1) == 0)
            _ = Task.Run(RunInBackgroundAsync);
    }

    /// <summary>Does all due work, or waits until another process has done it.</summary>
    public Task RunAsync(IProgress<MaintenanceProgress>? progress, CancellationToken cancellationToken) =>
        InTurnAsync(progress, async token =>
        {
            await WorkAsync(int.MaxValue, token).ConfigureAwait(false);
            return 0;
        }, cancellationToken);

    /// <summary>Merges everything into one segment; background work, which that makes obsolete, gives way.</summary>
    public async Task<CompactionResult> CompactAsync(TimeSpan wait, IProgress<MaintenanceProgress>? progress, CancellationToken cancellationToken)
    {
        lock (gate)
            running?.Cancel();
        try
        {
            return await InTurnAsync(progress, async token =>
            {
                using var held = await HoldAsync(wait, token).ConfigureAwait(false);
                return await Compactor.CompactAsync(store, merger, wait, token).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Kick();
        }
    }

    /// <summary>Stops what runs and waits for it: its files are gone or named when this returns.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
        }
        stop.Cancel();
        turn.Wait(); // and keep it: whoever waits for a turn is cancelled
        stop.Dispose();
    }

    private async Task RunInBackgroundAsync()
    {
        try
        {
            await InTurnAsync(null, async token =>
            {
                Volatile.Write(ref waiting, 0); // a commit from now on may come too late for this run
                using var given = CancellationTokenSource.CreateLinkedTokenSource(token);
                lock (gate)
                    running = given;
                try
                {
                    await WorkAsync(BackgroundPolls, given.Token).ConfigureAwait(false);
                }
                finally
                {
                    lock (gate)
                        running = null;
                }
                return 0;
            }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // Closing, or a compaction took over.
        }
        catch (MatryoshkaException)
        {
            // Kept as Failure.
        }
    }

    private async Task<T> InTurnAsync<T>(IProgress<MaintenanceProgress>? progress, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        CancellationTokenSource either;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, typeof(Collection));
            either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop.Token);
        }
        Action<MaintenanceProgress>? observer = progress is null ? null : progress.Report;
        Progressed += observer;
        try
        {
            await turn.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                // On a pool thread: the caller's may be one that must not block.
                var result = await Task.Run(() => work(either.Token), either.Token).ConfigureAwait(false);
                Failure = null;
                return result;
            }
            catch (MatryoshkaException error)
            {
                Failure = error;
                throw;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                throw Failure = Told(error);
            }
            finally
            {
                turn.Release();
            }
        }
        finally
        {
            Progressed -= observer;
            either.Dispose();
        }
    }

    private async Task WorkAsync(int polls, CancellationToken cancellationToken)
    {
        for (var poll = 0; Due() is not null; poll++)
        {
            store.RequireUnpoisoned();
            using (var held = store.Files.TryLock(store.Paths.MaintenanceLock))
                if (held is not null)
                {
                    while (Due() is { } work)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        await (work.Rewrites ? merger.MergeAsync(work.Inputs, work.Lists, cancellationToken) : merger.AddListsAsync(work.Inputs[0], cancellationToken)).ConfigureAwait(false);
                    }
                    return;
                }
            if (poll >= polls)
                return;
            await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
        }
    }

    private MaintenanceWork? Due() => store.Query(catalog =>
        MaintenanceRules.Next(catalog.Segments().ConvertAll(stored => new SegmentState(stored, catalog.DeletedCount(stored))), merger.Wants));

    private async Task<IDisposable> HoldAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (store.Files.TryLock(store.Paths.MaintenanceLock) is { } held)
                return held;
            if (TimeProvider.System.GetElapsedTime(started) >= wait)
            {
                var owner = store.Files.ReadLockOwner(store.Paths.MaintenanceLock) is { } known ? $"process {known.ProcessId}, since {known.Since:u}" : "another process";
                throw new CollectionBusyException($"Segments of '{store.Paths.Directory}' are being merged ({owner}) and were not done within {wait.TotalSeconds:0.#} s: try again later.");
            }
            await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
        }
    }

    // A fault of our own must neither end the process nor be lost.
    private MatryoshkaException Told(Exception error) => StorageErrors.Translate(error, store.Paths)
        ?? new MatryoshkaException($"The maintenance of '{store.Paths.Directory}' failed, which changed nothing in it: {error.GetType().Name}: {error.Message}", error);
}
