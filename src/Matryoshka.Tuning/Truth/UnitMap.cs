using System.Globalization;

namespace Matryoshka.Tuning.Truth;

/// <summary>
/// Which records count as one. Judgements of a collection that was split may name the document: <c>d1</c>, where the
/// records are <c>d1#0</c>, <c>d1#1</c>, ... Then all hits of a document count once, at the first's rank.
/// </summary>
internal sealed class UnitMap
{
    private readonly Dictionary<long, long>? unitOf;
    private readonly Dictionary<string, long> documents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long?> known;

    private UnitMap(Dictionary<string, long?> known, Dictionary<long, long>? unitOf) => (this.known, this.unitOf) = (known, unitOf);

    public bool ByDocument => unitOf is not null;

    /// <param name="reader">The collection.</param>
    /// <param name="keys">Keys that judgements name.</param>
    public static UnitMap Of(CollectionReader reader, IReadOnlyList<string> keys)
    {
        var ids = reader.GetIds(keys);
        var known = new Dictionary<string, long?>(keys.Count, StringComparer.Ordinal);
        for (var i = 0; i < keys.Count; i++)
            known[keys[i]] = ids[i];
        var missing = keys.Where(key => known[key] is null).ToList();
        // One look tells whether the missing are documents: reading every key of a large collection for nothing takes seconds.
        var pieces = missing.Count == 0 ? [] : reader.GetIds([.. missing.Select(key => key + "#0"), .. missing.Select(key => key + "#1")]);
        if (pieces.All(id => id is null))
            return new(known, null);
        var map = new UnitMap(known, []);
        map.Group(reader);
        return map;
    }

    /// <summary>The unit a judged key names; null if the collection has none.</summary>
    public long? Find(string key) => documents.TryGetValue(key, out var document) ? document : known.GetValueOrDefault(key);

    /// <summary>Records as units, each at its first place.</summary>
    public long[] Units(ReadOnlySpan<long> ids)
    {
        if (unitOf is null)
            return ids.ToArray();
        var (units, seen) = (new List<long>(ids.Length), new HashSet<long>());
        foreach (var id in ids)
            if (UnitOf(id) is var unit && seen.Add(unit))
                units.Add(unit);
        return [.. units];
    }

    public long UnitOf(long id) => unitOf is null ? id : unitOf.GetValueOrDefault(id, id);

    private void Group(CollectionReader reader)
    {
        var ids = reader.GetIds();
        var keys = reader.Keys(ids);
        // A key may end in '#3' without being a piece: where judgements name such keys themselves, they and their like stand alone.
        var whole = known.Where(pair => pair.Value is not null).Select(pair => DocumentOf(pair.Key)).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < ids.Count; i++)
            if (keys[i] is { } key && DocumentOf(key) is { } document && !known.ContainsKey(key) && !whole.Contains(document))
            {
                if (!documents.TryGetValue(document, out var unit))
                    documents[document] = unit = -1 - documents.Count;
                unitOf![ids[i]] = unit;
            }
    }

    private static string? DocumentOf(string key)
    {
        var hash = key.LastIndexOf('#');
        return hash > 0 && int.TryParse(key.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? key[..hash] : null;
    }
}
