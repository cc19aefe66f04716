using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>
/// One query's scan of rows at one stage: scores blocks of them, or rows by number, and keeps the best. Belongs to the thread
/// that made it.
/// </summary>
internal abstract class RowScan(Snapshot snapshot)
{
    /// <summary>Rows of a block.</summary>
    public const int Block = BlockScorer.Rows;

    /// <summary>Bytes of planes that scanning a row reads.</summary>
    public abstract long BytesPerRow { get; }

    /// <summary>
    /// What a row picked out by number costs, in rows of a scan: benchmarks/results/filter.md. A filter that lets through less
    /// than one row in so many is scored row by row; above, scanning all and dropping the others is faster.
    /// </summary>
    public abstract int PickedRowCost { get; }

    /// <summary>Rows of the segment turned to.</summary>
    public int Rows => Segment.Rows;

    /// <summary>Bytes read beyond those of every row.</summary>
    public virtual long FurtherBytes => 0;

    protected Snapshot Snapshot { get; } = snapshot;

    protected int View { get; private set; }

    /// <summary>The segment turned to.</summary>
    protected Segment Segment => Snapshot.Views[View].Segment;

    protected RowBitmap? Allowed { get; private set; }

    private RowBitmap? Dead { get; set; }

    public static (int View, int Row) Place(long tag) => ((int)(tag >> 32), (int)tag);

    // A tag orders as ids do: views ascend by id, and so do rows inside one.
    public static long Tag(int view, int row) => ((long)view << 32) | (uint)row;

    /// <summary>Turns to a segment's rows.</summary>
    public void Turn(int view, RowBitmap? allowed)
    {
        (View, Allowed, Dead) = (view, allowed, Snapshot.Views[view].Dead);
        Bind();
    }

    /// <summary>
    /// Every so many-th block is to be offered before the others, because they tell what to expect; 0 where rows come in order.
    /// </summary>
    public virtual int SampleEvery => 0;

    /// <summary>The sample has been offered.</summary>
    public virtual void Sampled() { }

    /// <summary>Whether the sample misled, and all rows are to be offered again. Asked once all have been.</summary>
    public virtual bool FellShort(long rows) => false;

    /// <summary>Offers rows that follow each other, at most <see cref="Block"/>.</summary>
    public abstract void Offer(int first, int count);

    /// <summary>Offers rows by number, ascending, all of which live and may be found.</summary>
    public abstract void Offer(ReadOnlySpan<int> rows);

    /// <summary>Ends what was begun in the segment.</summary>
    public virtual void Finish() { }

    /// <summary>Takes over what another scan for the same query and stage found.</summary>
    public abstract void Take(RowScan other);

    /// <summary>What goes on, best first, with scores as cosines.</summary>
    public abstract Scored[] Best();

    /// <summary>Offers what an earlier stage kept.</summary>
    public int Survivors(Scored[] survivors)
    {
        // In order of place: each segment is bound once and its planes are read forward.
        var tags = Array.ConvertAll(survivors, survivor => survivor.Tag);
        Array.Sort(tags);
        for (var start = 0; start < tags.Length;)
        {
            var view = Place(tags[start]).View;
            var end = start;
            while (end < tags.Length && Place(tags[end]).View == view)
                end++;
            Turn(view, null);
            Offer(Array.ConvertAll(tags[start..end], tag => Place(tag).Row));
            Finish();
            start = end;
        }
        return tags.Length;
    }

    /// <summary>Points the kernels at the planes of <see cref="Segment"/>.</summary>
    protected abstract void Bind();

    /// <summary>Whether a row may be found.</summary>
    protected bool May(int row) => Dead?[row] != true && Allowed?[row] != false;
}
