namespace Matryoshka.Tests.Reliability;

/// <summary>A record as it should stand in the collection: its unit vector, and its metadata as JSON.</summary>
internal sealed record ModelRecord(string Text, float[] Vector, string? Source, string? Metadata);

/// <summary>What a collection should hold: the plainest program that does the same.</summary>
internal sealed class Model
{
    public Dictionary<string, ModelRecord> Records { get; private init; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Sources { get; private init; } = new(StringComparer.Ordinal);

    public Model Clone() => new() { Records = new(Records, StringComparer.Ordinal), Sources = new(Sources, StringComparer.Ordinal) };

    public Model After(Action<Model> change)
    {
        var after = Clone();
        change(after);
        return after;
    }

    public void Upsert(Record record)
    {
        var vector = record.Vector?.ToArray()
            ?? (Records.TryGetValue(record.Key, out var stored) && stored.Text == record.Text ? stored.Vector : SeededVectors.Of(record.Text));
        Records[record.Key] = new(record.Text, vector, record.Source, Json(record.Metadata));
    }

    public void Delete(IEnumerable<string> keys)
    {
        foreach (var key in keys)
            Records.Remove(key);
    }

    public void Complete(SourceUpdate update)
    {
        Delete([.. Records.Where(r => r.Value.Source == update.Source && !update.Keys.Contains(r.Key)).Select(r => r.Key)]);
        Sources[update.Source] = update.Stamp;
    }

    public void RemoveSource(string source)
    {
        Delete([.. Records.Where(r => r.Value.Source == source).Select(r => r.Key)]);
        Sources.Remove(source);
    }

    /// <summary>The k records of the highest cosine at a prefix, best first, in double precision.</summary>
    public List<(string Key, double Score)> Nearest(ReadOnlySpan<float> query, int d, int k, Func<string, ModelRecord, bool>? where = null)
    {
        var scored = new List<(string Key, double Score)>(Records.Count);
        foreach (var (key, record) in Records)
            if (where?.Invoke(key, record) != false)
                scored.Add((key, Cosine(query, record.Vector, d)));
        scored.Sort((a, b) => b.Score.CompareTo(a.Score));
        return scored[..Math.Min(k, scored.Count)];
    }

    /// <summary>The first contradiction to what was read, or null.</summary>
    public string? Difference(Observed found)
    {
        if (Records.Keys.FirstOrDefault(key => !found.Records.ContainsKey(key)) is { } lost)
            return $"'{lost}' is lost";
        foreach (var (key, record) in found.Records)
        {
            if (!Records.TryGetValue(key, out var expected))
                return $"'{key}' should not be there";
            if (record.Text != expected.Text || record.Source != expected.Source || Json(record.Metadata) != expected.Metadata)
                return $"'{key}' is '{record.Text}' from {record.Source}, {Json(record.Metadata)}; expected '{expected.Text}' from {expected.Source}, {expected.Metadata}";
            // Half precision keeps 11 bits: 2^-12 of a component of at most 1.
            for (var i = 0; i < expected.Vector.Length; i++)
                if (!(Math.Abs(record.Vector!.Value.Span[i] - expected.Vector[i]) < 3e-4))
                    return $"'{key}' has another vector: component {i} is {record.Vector.Value.Span[i]}, expected {expected.Vector[i]}";
        }
        return Sources.Count == found.Sources.Count && Sources.All(s => found.Sources.GetValueOrDefault(s.Key) == s.Value) ? null : "the sources differ";
    }

    /// <summary>Cosine of the first d components in double precision.</summary>
    public static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int d)
    {
        double dot = 0, aa = 0, bb = 0;
        for (var i = 0; i < d; i++)
        {
            dot += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        return dot / Math.Sqrt(aa * bb);
    }

    // An empty object says no more than none, and is stored as none.
    private static string? Json(System.Text.Json.Nodes.JsonObject? json) => json is null or { Count: 0 } ? null : json.ToJsonString();
}

/// <summary>All that one listing of a collection shows.</summary>
internal sealed record Observed(IReadOnlyDictionary<string, Record> Records, IReadOnlyDictionary<string, string> Sources)
{
    public static async Task<Observed> ReadAsync(Collection collection)
    {
        var records = new Dictionary<string, Record>(StringComparer.Ordinal);
        await foreach (var record in collection.ListAsync(includeVectors: true))
            records.Add(record.Key, record);
        return new(records, await collection.GetSourcesAsync());
    }
}
