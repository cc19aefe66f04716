namespace Matryoshka.Storage;

/// <summary>Gathers what <see cref="CollectionInfo"/> tells.</summary>
internal static class InfoReader
{
    public static CollectionInfo Read(CollectionStore store, ReadSession session, SearchPlan defaultPlan)
    {
        var files = session.Catalog.Segments();
        var views = session.Snapshot.Views;
        var pending = session.Catalog.PendingCount();
        var planes = Planes(store.Meta, views.Take(files.Count));
        return new()
        {
            Directory = store.Paths.Directory,
            Recipe = store.Meta.Recipe,
            FullPrecision = store.Meta.FullPrecision,
            Records = session.Catalog.Count(null),
            Pending = pending,
            DeadRows = views.Sum(v => (long)(v.Dead?.Count ?? 0)),
            Sources = session.Catalog.Sources().Count,
            Segments = [.. files.Zip(views, (f, v) => new SegmentInfo(f.File, f.Rows, v.Dead?.Count ?? 0, f.Bytes, v.Lists?.Bytes))],
            Planes = planes,
            MemoryBudget = store.MemoryBudget,
            ResidentBytes = planes.Sum(p => p.ResidentBytes),
            CatalogBytes = CatalogBytes(store),
            Keywords = store.Meta.Keywords,
            DefaultPlan = defaultPlan,
            Created = store.Meta.Created,
        };
    }

    private static List<PlaneInfo> Planes(CatalogMeta meta, IEnumerable<SegmentView> views)
    {
        var planes = views.SelectMany(v => v.Segment.Planes.Select(plane => (v.Segment, Plane: plane)))
            .GroupBy(p => (p.Plane.Kind, p.Plane.Ring))
            .OrderBy(g => g.Key.Kind).ThenBy(g => g.Key.Ring)
            .Select(g => new PlaneInfo(
                Name(g.Key.Kind),
                g.Key.Kind is PlaneKind.Ids or PlaneKind.Int8Scale ? null : meta.Recipe.Dimensions.RingStart(g.Key.Ring),
                g.Key.Kind is PlaneKind.Ids or PlaneKind.Int8Scale ? null : meta.Recipe.Dimensions.Dimensions[g.Key.Ring],
                g.Sum(p => p.Plane.Length),
                g.Sum(p => p.Segment.IsResident(g.Key.Kind, g.Key.Ring) ? p.Plane.Length : 0)))
            .ToList();
        if (views.Sum(v => v.Lists?.Bytes ?? 0) is var lists and > 0)
            planes.Add(new("lists", null, null, lists, lists));
        return planes;
    }

    private static string Name(PlaneKind kind) => kind switch
    {
        PlaneKind.Ids => "id",
        PlaneKind.Full => "full",
        PlaneKind.Int8 => "int8",
        PlaneKind.Int8Scale => "scale",
        PlaneKind.Bit => "bit",
        _ => "norm",
    };

    private static long CatalogBytes(CollectionStore store)
    {
        long bytes = 0;
        foreach (var path in new[] { store.Paths.Catalog, store.Paths.Catalog + "-wal" })
            if (store.Files.Exists(path))
                bytes += store.Files.Length(path);
        return bytes;
    }
}
