using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>The rows of a snapshot that a filter lets through, live ones only.</summary>
internal sealed class RowSelection
{
    /// <summary>Filters remembered for each snapshot: a page of results is often asked for again with the next query.</summary>
    private const int Remembered = 16;

    private static readonly ConditionalWeakTable<Snapshot, ConcurrentDictionary<string, RowSelection>> Cache = [];

    private RowSelection(IReadOnlyList<RowBitmap> byView)
    {
        ByView = byView;
        Count = byView.Sum(rows => (long)rows.Count);
    }

    /// <summary>One set for each view of the snapshot.</summary>
    public IReadOnlyList<RowBitmap> ByView { get; }

    public long Count { get; }

    public static RowSelection Of(ReadSession session, Filter filter) => Of(session.Snapshot, session.Catalog, filter);

    /// <param name="snapshot">The rows.</param>
    /// <param name="catalog">In a read transaction of the snapshot's generation.</param>
    /// <param name="filter">What to let through.</param>
    public static RowSelection Of(Snapshot snapshot, CatalogConnection catalog, Filter filter)
    {
        var known = Cache.GetOrCreateValue(snapshot);
        var text = filter.ToString();
        if (known.TryGetValue(text, out var selection))
            return selection;
        var ids = catalog.IdsMatching(filter);
        selection = new([.. snapshot.Views.Select(view =>
        {
            var rows = RowBitmap.OfIds(view.Segment.Ids, ids.AsSpan());
            if (view.Dead is not null)
                rows.Except(view.Dead);
            return rows;
        })]);
        if (known.Count >= Remembered)
            known.Clear();
        known[text] = selection;
        return selection;
    }
}
