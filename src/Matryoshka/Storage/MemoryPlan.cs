namespace Matryoshka.Storage;

/// <summary>
/// Decides which planes fit a budget of memory. The hottest come first, over all segments: what every search walks (ids,
/// norms, lists, bits where there are no lists), then the int8 codes, which rescore, if all of them fit: a candidate's codes are
/// read by position even if one ring is not kept. Else the other bits, which a scan reads whole, then int8 rings from the smallest prefix up. The
/// rings of the full vectors come last. A plane is kept whole or not at all; one that does not fit is passed over, so that a smaller one behind it may.
/// </summary>
internal static class MemoryPlan
{
    /// <returns>The planes of each segment that are not kept, in the segments' order.</returns>
    /// <exception cref="MatryoshkaException">Not even the hottest planes fit.</exception>
    public static ColdPlanes[] Of(StorePaths paths, CatalogMeta meta, IReadOnlyList<StoredSegment> segments, long? budget)
    {
        var cold = new ColdPlanes[segments.Count];
        if (budget is not { } left)
            return cold;
        var layouts = segments.Select(s => Layout(paths, meta, s)).ToList();
        var least = segments.Sum(s => s.ListsBytes) + layouts.Zip(segments, (layout, segment) => layout.Planes.Where(p => IsWalked(p.Kind, segment)).Sum(p => p.Length)).Sum();
        if (least > left)
            throw new MatryoshkaException($"The memory budget of {left:N0} bytes is too small for '{paths.Directory}': its ids, norms, lists, and bits where there are no lists, which every search reads, take {least:N0} bytes. Give at least that.");
        left -= least;
        var rings = meta.Recipe.Dimensions.Dimensions.Count;
        var codes = layouts.Sum(layout => Enumerable.Range(0, rings).Sum(ring => Bytes(layout, PlaneKind.Int8, ring)));
        foreach (var kind in (ReadOnlySpan<PlaneKind>)(codes <= left ? [PlaneKind.Int8, PlaneKind.Bit, PlaneKind.Full] : [PlaneKind.Bit, PlaneKind.Int8, PlaneKind.Full]))
            for (var ring = 0; ring < rings; ring++)
                for (var i = 0; i < cold.Length; i++)
                    if (IsWalked(kind, segments[i]))
                        continue;
                    else if (Bytes(layouts[i], kind, ring) is var bytes && bytes <= left)
                        left -= bytes;
                    else
                        cold[i] = cold[i].With(kind, ring);
        return cold;
    }

    private static bool IsWalked(PlaneKind kind, StoredSegment segment) => kind switch
    {
        PlaneKind.Int8 or PlaneKind.Int8Scale or PlaneKind.Full => false,
        PlaneKind.Bit => segment.Lists is null,
        _ => true,
    };

    // The scale is read wherever int8 codes are.
    private static long Bytes(SegmentLayout layout, PlaneKind kind, int ring)
    {
        var index = layout.IndexOf(kind, ring);
        if (index < 0)
            return 0;
        var scale = kind == PlaneKind.Int8 && ring == 0 ? layout.Planes[layout.IndexOf(PlaneKind.Int8Scale, 0)].Length : 0;
        return layout.Planes[index].Length + scale;
    }

    private static SegmentLayout Layout(StorePaths paths, CatalogMeta meta, StoredSegment segment) => segment.Rows is >= 1 and <= SegmentFormat.MaxRows
        ? SegmentLayout.Of(meta.SegmentSpec, (int)segment.Rows)
        : throw new CorruptFileException(paths.Catalog, $"it says that the segment '{segment.File}' has {segment.Rows} rows");
}
