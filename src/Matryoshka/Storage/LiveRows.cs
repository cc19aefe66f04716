namespace Matryoshka.Storage;

/// <summary>One of the segments that a new one is merged from.</summary>
/// <param name="Old">The segment.</param>
/// <param name="Lists">Its lists, if it has some.</param>
/// <param name="Map">Where its rows are in the new segment.</param>
internal sealed record MergedPart(Segment Old, ListsFile? Lists, RowMap Map);

/// <summary>The live rows of some segments, in order of id: the rows of the segment they are merged into.</summary>
internal sealed class LiveRows : IVectorRows
{
    private readonly List<MergedPart> parts = [];
    private readonly List<int> firsts = [];
    private readonly int dimensions;

    public LiveRows(IEnumerable<SegmentView> views, int dimensions)
    {
        this.dimensions = dimensions;
        foreach (var view in views)
        {
            firsts.Add(Count);
            parts.Add(new(view.Segment, view.Lists, new RowMap(view.Segment.Rows, Count, view.Dead)));
            Count = checked(Count + parts[^1].Map.Live);
        }
    }

    public int Count { get; }

    /// <summary>Where each segment's rows went.</summary>
    public IReadOnlyList<MergedPart> Parts => parts;

    public long Id(int row)
    {
        var (part, old) = Locate(row);
        return part.Old.Ids[old];
    }

    // Runs of neighbouring rows are read together: a plane that is not in memory then costs one read a run.
    public void Read(int firstRow, int count, Span<float> destination)
    {
        for (var done = 0; done < count;)
        {
            var (part, old) = Locate(firstRow + done);
            var run = 1;
            while (done + run < count && old + run < part.Map.Rows && part.Map[old + run] == firstRow + done + run)
                run++;
            part.Old.ReadVectors(old, run, destination[(done * dimensions)..]);
            done += run;
        }
    }

    private (MergedPart Part, int OldRow) Locate(int row)
    {
        // The last part that begins at or before the row; empty parts begin where the next one does, so they are passed over.
        var index = firsts.Count - 1;
        while (firsts[index] > row)
            index--;
        return (parts[index], parts[index].Map.OldRow(row - firsts[index]));
    }
}
