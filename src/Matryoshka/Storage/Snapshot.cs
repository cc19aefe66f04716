namespace Matryoshka.Storage;

/// <summary>A segment as one snapshot sees it: its rows and which of them are dead.</summary>
/// <param name="Segment">The sealed or pending planes.</param>
/// <param name="Dead">Rows deleted or replaced; null when all live.</param>
/// <param name="Lists">The lists of all its rows, dead ones included; null when it has none, or a file that cannot be read.</param>
internal sealed record SegmentView(Segment Segment, RowBitmap? Dead, ListsFile? Lists = null)
{
    public void Release()
    {
        Lists?.Release();
        Segment.Release();
    }
}

/// <summary>
/// All vectors at one commit, immutable. It holds a reference to each segment, so a compaction elsewhere may unlink the
/// files without disturbing a search that runs.
/// </summary>
internal sealed class Snapshot
{
    private int references = 1;

    public Snapshot(long generation, IReadOnlyList<SegmentView> views, IReadOnlyDictionary<string, SegmentView> sealedByFile)
    {
        Generation = generation;
        Views = views;
        SealedByFile = sealedByFile;
        SignsResident = views.All(v => v.Segment.HasBit && v.Segment.Planes.Where(p => p.Kind == PlaneKind.Bit).All(p => v.Segment.IsResident(p.Kind, p.Ring)));
        ListedRows = views.Max(v => v.Lists is null ? 0 : (long?)v.Segment.Rows) ?? 0;
        LiveRows = views.Sum(v => (long)v.Segment.Rows - (v.Dead?.Count ?? 0));
    }

    public long Generation { get; }

    /// <summary>Segments in order of id, the pending rows last.</summary>
    public IReadOnlyList<SegmentView> Views { get; }

    public IReadOnlyDictionary<string, SegmentView> SealedByFile { get; }

    /// <summary>What searches run that name no plan; null for the built-in one.</summary>
    public ChosenPlan? ChosenPlan { get; init; }

    public long LiveRows { get; }

    /// <summary>Whether all rows' signs are in memory.</summary>
    public bool SignsResident { get; }

    /// <summary>Rows of the largest segment that has lists; 0 where none has.</summary>
    public long ListedRows { get; }

    /// <summary>Finds where a live record's vector lies.</summary>
    public bool TryLocate(long id, out int view, out int row)
    {
        // Id ranges ascend over the views; a handful of segments need no search tree.
        for (view = Views.Count - 1; view >= 0; view--)
            if (Views[view].Segment.TryFindRow(id, out row))
                return Views[view].Dead?[row] != true;
        row = -1;
        return false;
    }

    public bool TryAddReference()
    {
        for (var seen = Volatile.Read(ref references); seen > 0; seen = Volatile.Read(ref references))
            if (Interlocked.CompareExchange(ref references, seen + 1, seen) == seen)
                return true;
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref references) == 0)
            foreach (var view in Views)
                view.Release();
    }
}
