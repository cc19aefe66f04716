using Matryoshka.Lists;

namespace Matryoshka.Storage;

/// <summary>
/// Rewrites segments and builds lists beside readers and writers. All long work reads a pinned snapshot; the writer's
/// place is taken only for the transaction that swaps. The caller holds the maintenance lock, so nobody else merges.
/// </summary>
internal sealed class Merger(CollectionStore store, ListsParameters parameters, Action<MaintenanceProgress> report)
{
    // A writer holds its place for one commit at a time. Cancellation ends the wait.
    private static readonly TimeSpan SwapWait = TimeSpan.FromHours(1);

    public bool Wants(int rows) => rows >= parameters.LeastRows;

    /// <summary>Makes one segment of neighbouring ones, without the rows that are dead now; returns it, or null when none lives.</summary>
    public async Task<StoredSegment?> MergeAsync(IReadOnlyList<StoredSegment> inputs, bool lists, CancellationToken cancellationToken)
    {
        foreach (var input in inputs)
            RequireWhole(input, cancellationToken);
        var unnamed = new List<string>();
        var snapshot = store.PinSnapshot();
        Segment? merged = null;
        StoredSegment? written = null;
        try
        {
            var rows = new LiveRows(inputs.Select(input => Named(snapshot, input)), store.Meta.Recipe.Dimensions.Full);
            if (rows.Count > 0)
            {
                written = Sealer.WriteFile(store, rows, new Rows(report, rows.Count), cancellationToken);
                unnamed.Add(written.File);
                merged = Segment.Open(store.Files, store.Paths.Segment(written.File), store.Meta.CollectionId);
                if (lists && Wants(merged.Rows))
                    written = WriteLists(written, merged, rows.Parts, unnamed, cancellationToken);
            }
            await SwapAsync(unnamed, catalog => Swap(catalog, inputs, written, merged), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Discard(unnamed);
            throw;
        }
        finally
        {
            merged?.Release();
            snapshot.Release();
        }
        Discard(inputs.SelectMany(input => input.Files));
        return written;
    }

    /// <summary>Builds the lists of a segment that has none.</summary>
    public async Task AddListsAsync(StoredSegment input, CancellationToken cancellationToken)
    {
        var unnamed = new List<string>();
        var segment = Segment.Open(store.Files, store.Paths.Segment(input.File), store.Meta.CollectionId);
        try
        {
            var written = WriteLists(input, segment, [], unnamed, cancellationToken);
            await SwapAsync(unnamed, catalog =>
            {
                RequireNamed(catalog, [input]);
                catalog.SetLists(written);
            }, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Discard(unnamed);
            throw;
        }
        finally
        {
            segment.Release();
        }
    }

    private StoredSegment WriteLists(StoredSegment stored, Segment segment, IReadOnlyList<MergedPart> parts, List<string> unnamed, CancellationToken cancellationToken)
    {
        var builder = new ListsBuilder(segment.Rows, segment.RingEnds[^1], segment.ReadVectors, parameters, Environment.ProcessorCount) { Progress = new Rising(report).Report };
        // The largest part gives its centroids and its rows' places, so that a merge assigns only the other rows.
        var grown = parts.Where(part => part.Lists is { } lists && ListsParameters.Serves(lists.View, segment.Rows)).MaxBy(part => part.Map.Live);
        using var memory = new ListsMemory();
        var built = builder.Build(memory, grown?.Lists!.View, grown is null ? null : old => grown.Map[old], cancellationToken);
        var file = StorePaths.ListsFile(stored.File);
        var path = store.Paths.Lists(file);
        store.Files.Delete(path); // what an attempt left whose own removal failed too
        var layout = Sealer.Writing(store, () => ListsWriter.Write(store.Files, path, store.Meta.CollectionId, segment.Checksum, built, cancellationToken));
        unnamed.Add(file);
        return stored with { Lists = file, ListsBytes = layout.FileLength };
    }

    private async Task SwapAsync(List<string> unnamed, Action<CatalogConnection> swap, CancellationToken cancellationToken)
    {
        using var session = await store.LockAsync(SwapWait, cancellationToken).ConfigureAwait(false);
        session.Commit(catalog =>
        {
            // From here the transaction answers for the files: it knows whether a commit that failed may have happened.
            foreach (var file in unnamed)
                session.Track(file);
            unnamed.Clear();
            swap(catalog);
            return 0;
        });
    }

    private static void Swap(CatalogConnection catalog, IReadOnlyList<StoredSegment> inputs, StoredSegment? written, Segment? merged)
    {
        RequireNamed(catalog, inputs);
        var (first, last) = (inputs[0].FirstId, inputs[^1].LastId);
        // Rows deleted while we wrote stand in the new file too and stay marked; all other marks lost their rows.
        var kept = merged is null ? [] : catalog.Deleted(first, last).FindAll(id => merged.TryFindRow(id, out _));
        foreach (var input in inputs)
            catalog.DeleteSegment(input);
        catalog.ForgetDeleted(first, last, kept);
        if (written is not null)
            catalog.InsertSegment(written);
    }

    private static void RequireNamed(CatalogConnection catalog, IReadOnlyList<StoredSegment> inputs)
    {
        var named = catalog.Segments();
        foreach (var input in inputs)
            if (!named.Contains(input))
                throw new MatryoshkaException($"The segment {input.File} was replaced while it was being merged; nothing was changed.");
    }

    private SegmentView Named(Snapshot snapshot, StoredSegment input) => snapshot.SealedByFile.GetValueOrDefault(input.File)
        ?? throw new MatryoshkaException($"The segment {input.File} of '{store.Paths.Directory}' was replaced before it could be merged; nothing was changed.");

    // The merged file gets fresh checksums: what was damaged before would pass for whole ever after.
    private void RequireWhole(StoredSegment segment, CancellationToken cancellationToken)
    {
        var path = store.Paths.Segment(segment.File);
        if (SegmentVerifier.Verify(store.Files, path, store.Meta.CollectionId, VerifyScope.Checksums, cancellationToken) is [var problem, ..])
            throw new MatryoshkaException($"Segments were not merged, because one is damaged. {problem.Message}");
    }

    private void Discard(IEnumerable<string> files)
    {
        foreach (var file in files)
            Sealer.Discard(store, file);
    }

    private sealed class Rows(Action<MaintenanceProgress> report, long total) : IProgress<int>
    {
        public void Report(int value) => report(new(MaintenanceStep.Merge, value, total));
    }

    /// <summary>Several threads report, and not in order; a reader sees every step rise.</summary>
    private sealed class Rising(Action<MaintenanceProgress> report)
    {
        private readonly Lock gate = new();
        private bool clustering = true;
        private long most;

        public void Report(bool clusters, long done, long total)
        {
            lock (gate)
            {
                if (clusters != clustering)
                    (clustering, most) = (clusters, 0);
                if (done > most)
                    report(new(clusters ? MaintenanceStep.Cluster : MaintenanceStep.Lists, most = done, total));
            }
        }
    }
}
