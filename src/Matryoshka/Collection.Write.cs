using Matryoshka.Storage;

namespace Matryoshka;

public sealed partial class Collection
{
    /// <summary>Stores one record, replacing the one of the same key.</summary>
    public Task<UpsertResult> UpsertAsync(Record record, CancellationToken cancellationToken = default) => UpsertAsync([record], null, cancellationToken);

    /// <summary>
    /// Stores records, replacing those of the same key. A record whose text is already stored is not embedded again.
    /// Batches are committed one by one: after an error or a cancellation what was committed stays.
    /// </summary>
    /// <exception cref="InvalidVectorException">A vector cannot be stored, and no failure callback was given.</exception>
    /// <exception cref="CollectionBusyException">Another process wrote for longer than the time allowed.</exception>
    public Task<UpsertResult> UpsertAsync(IEnumerable<Record> records, UpsertOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        return UpsertBatchesAsync(records.Chunk(BatchSize(options)).ToAsyncEnumerable(), options ?? new(), cancellationToken);
    }

    /// <inheritdoc cref="UpsertAsync(IEnumerable{Record}, UpsertOptions?, CancellationToken)"/>
    public Task<UpsertResult> UpsertAsync(IAsyncEnumerable<Record> records, UpsertOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        return UpsertBatchesAsync(records.Chunk(BatchSize(options)), options ?? new(), cancellationToken);
    }

    /// <summary>Removes the records of these keys; unknown keys are passed over. All go in one commit.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> DeleteAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return await RemoveAsync(session => RecordWriter.Delete(session, keys, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Declares sources read to their end: records of theirs whose keys are not named are removed and the stamps
    /// remembered, all in one commit.
    /// </summary>
    /// <returns>How many records were removed.</returns>
    public async Task<int> CompleteSourcesAsync(IEnumerable<SourceUpdate> sources, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return await RemoveAsync(session => SourceWriter.Complete(session, sources, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Forgets sources and removes their records, in one commit.</summary>
    /// <returns>How many records were removed.</returns>
    public async Task<int> RemoveSourcesAsync(IEnumerable<string> sources, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return await RemoveAsync(session => SourceWriter.Remove(session, sources, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Remembers where the model that embeds for the collection is found; see <see cref="Model"/>. Never give a key.</summary>
    /// <exception cref="CollectionBusyException">Another process wrote for longer than the time allowed.</exception>
    public async Task SetModelAsync(string model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        CheckModel(model);
        using var session = await store.LockAsync(writerWait, cancellationToken).ConfigureAwait(false);
        session.Commit(catalog =>
        {
            catalog.SetModel(model);
            return 0;
        });
        Model = model;
    }

    /// <summary>
    /// Merges all segments into one, drops dead rows, rebuilds every plane from the stored full vectors and gives disk
    /// space back. Readers and writers go on meanwhile; records written meanwhile stay beside the merged ones.
    /// </summary>
    /// <exception cref="CollectionBusyException">Another process merged segments for longer than the time allowed.</exception>
    public Task<CompactionResult> CompactAsync(CancellationToken cancellationToken = default) => CompactAsync(null, cancellationToken);

    /// <inheritdoc cref="CompactAsync(CancellationToken)"/>
    /// <param name="progress">Told how far it is, from any thread.</param>
    /// <param name="cancellationToken">Ends it; the collection then is as it was.</param>
    public Task<CompactionResult> CompactAsync(IProgress<MaintenanceProgress>? progress, CancellationToken cancellationToken) =>
        store.Maintainer.CompactAsync(writerWait, progress, cancellationToken);

    /// <summary>
    /// Does the maintenance that is due, or waits for whoever does it: eight neighbouring segments of one size become one
    /// of the next, segments with more than a fifth of dead rows are rewritten, large segments get inverted lists. Readers and
    /// writers go on meanwhile. Without it a collection is complete and searchable, only slower to search.
    /// </summary>
    /// <param name="progress">Told how far it is, from any thread.</param>
    /// <param name="cancellationToken">Ends the wait, and the work unless it had begun in the background.</param>
    /// <exception cref="MatryoshkaException">The disk is full or failed, or a segment is damaged; what was not finished has changed nothing.</exception>
    public Task MaintainAsync(IProgress<MaintenanceProgress>? progress = null, CancellationToken cancellationToken = default) =>
        store.Maintainer.RunAsync(progress, cancellationToken);

    /// <summary>The error that ended the last maintenance, in the background or not; null while all goes well. The next work tries again.</summary>
    public MatryoshkaException? MaintenanceError => store.Maintainer.Failure;

    private async Task<int> RemoveAsync(Func<WriteSession, int> remove, CancellationToken cancellationToken)
    {
        int removed;
        using (var session = await store.LockAsync(writerWait, cancellationToken).ConfigureAwait(false))
            removed = remove(session);
        if (removed > 0)
            store.Maintainer.Kick();
        return removed;
    }

    // The next batch is read and embedded while the last one is committed.
    private async Task<UpsertResult> UpsertBatchesAsync(IAsyncEnumerable<Record[]> batches, UpsertOptions options, CancellationToken cancellationToken)
    {
        var total = new UpsertResult(0, 0, 0, 0);
        var committing = Task.FromResult(total);
        try
        {
            await foreach (var batch in batches.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                var preparer = new RecordPreparer(store, generator, options.OnFailure);
                var prepared = await preparer.PrepareAsync(batch, cancellationToken).ConfigureAwait(false);
                total += await committing.ConfigureAwait(false);
                options.Progress?.Report(total);
                committing = Task.Run(() => CommitAsync(preparer, prepared, cancellationToken), cancellationToken);
            }
        }
        finally
        {
            // Also when reading or embedding failed: the batch before must not go on behind the caller's back.
            await ((Task)committing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        total += await committing.ConfigureAwait(false);
        options.Progress?.Report(total);
        return total;
    }

    private async Task<UpsertResult> CommitAsync(RecordPreparer preparer, IReadOnlyList<PreparedRecord> prepared, CancellationToken cancellationToken)
    {
        var total = new UpsertResult(0, 0, 0, 0);
        while (prepared.Count > 0)
        {
            WriteOutcome outcome;
            using (var session = await store.LockAsync(writerWait, cancellationToken).ConfigureAwait(false))
                outcome = RecordWriter.Upsert(session, prepared, cancellationToken);
            if (outcome.Sealed)
                store.Maintainer.Kick();
            total += new UpsertResult(outcome.Embedded, outcome.Updated, outcome.Unchanged, 0);
            prepared = outcome.Stale.Count == 0 ? [] : await preparer.EmbedAsync(outcome.Stale, cancellationToken).ConfigureAwait(false);
        }
        return total + new UpsertResult(0, 0, 0, preparer.Failed);
    }

    private int BatchSize(UpsertOptions? options) => options?.BatchSize switch
    {
        null => Recipe.Pooling is Pooling.Static or Pooling.StaticRoot ? 4096 : 256,
        >= 1 and <= 65_536 and var size => size,
        var size => throw new ArgumentOutOfRangeException(nameof(options), size, "A batch holds 1 to 65,536 records."),
    };
}

/// <summary>What a compaction did.</summary>
/// <param name="Rows">Live rows written.</param>
/// <param name="SegmentsBefore">Segments merged.</param>
/// <param name="SegmentsAfter">Segments that stand for them now.</param>
public sealed record CompactionResult(long Rows, int SegmentsBefore, int SegmentsAfter);

/// <summary>A source read to its end.</summary>
/// <param name="Source">Its name, as its records carry it.</param>
/// <param name="Stamp">Changes when the source changes; compared by whoever reads it again.</param>
/// <param name="Keys">Every key it now has.</param>
public sealed record SourceUpdate(string Source, string Stamp, IReadOnlySet<string> Keys);
