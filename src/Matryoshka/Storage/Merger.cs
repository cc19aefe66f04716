namespace Matryoshka.Storage;

/// <summary>
/// Rewrites segments and builds graphs beside readers and writers. All long work reads a pinned snapshot; the writer's
/// place is taken only for the transaction that swaps. The caller holds the maintenance lock, so nobody else merges.
/// </summary>
internal sealed class Merger(CollectionStore store, IGraphBuilder? graphs, Action<MaintenanceProgress> report)
{
    // A writer holds its place for one commit at a time. Cancellation ends the wait.
    private static readonly TimeSpan SwapWait = TimeSpan.FromHours(1);

    public bool Wants(int rows) => graphs?.Wants(rows) == true;

    /// <summary>Makes one segment of neighbouring ones, without the rows that are dead now; returns it, or null when none lives.</summary>
    public async Task<StoredSegment?> MergeAsync(IReadOnlyList<StoredSegment> inputs, bool graph, CancellationToken cancellationToken)
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
                if (graph && Wants(merged.Rows))
                    written = WriteGraph(written, merged, rows.Parts, unnamed, cancellationToken);
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

    /// <summary>Builds the graph of a segment that has none.</summary>
    public async Task AddGraphAsync(StoredSegment input, CancellationToken cancellationToken)
    {
        var unnamed = new List<string>();
        var segment = Segment.Open(store.Files, store.Paths.Segment(input.File), store.Meta.CollectionId);
        try
        {
            var written = WriteGraph(input, segment, [], unnamed, cancellationToken);
            await SwapAsync(unnamed, catalog =>
            {
                RequireNamed(catalog, [input]);
                catalog.SetGraph(written);
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

    private StoredSegment WriteGraph(StoredSegment stored, Segment segment, IReadOnlyList<GraphPart> parts, List<string> unnamed, CancellationToken cancellationToken)
    {
        report(new(MaintenanceStep.Graph, 0, segment.Rows));
        using var built = graphs!.Build(segment, parts, new Built(report), cancellationToken);
        var file = StorePaths.GraphFile(stored.File);
        var path = store.Paths.Graph(file);
        store.Files.Delete(path); // what an attempt left whose own removal failed too
        var layout = Sealer.Writing(store, () => GraphWriter.Write(store.Files, path, store.Meta.CollectionId, segment, built, cancellationToken));
        unnamed.Add(file);
        return stored with { Graph = file, GraphBytes = layout.FileLength };
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

    private sealed class Built(Action<MaintenanceProgress> report) : IProgress<GraphProgress>
    {
        public void Report(GraphProgress value) => report(new(MaintenanceStep.Graph, value.Done, value.Total));
    }
}
