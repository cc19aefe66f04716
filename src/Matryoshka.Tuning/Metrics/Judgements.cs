namespace Matryoshka.Tuning;

/// <summary>Which records are relevant to which queries, and how much. Grades of 1 and more are relevant, 0 and less are judged not to be.</summary>
public sealed class Judgements
{
    private static readonly Dictionary<string, int> None = [];
    private readonly Dictionary<string, Dictionary<string, int>> byQuery = new(StringComparer.Ordinal);

    /// <summary>The queries that have judgements, in the order first met.</summary>
    public IReadOnlyCollection<string> Queries => byQuery.Keys;

    /// <summary>Pairs judged.</summary>
    public int Count { get; private set; }

    /// <summary>Pairs judged more than once; the last grade counts.</summary>
    public int Repeated { get; private set; }

    /// <summary>Keys and grades of a query; empty for a query nobody judged.</summary>
    public IReadOnlyDictionary<string, int> this[string query] => byQuery.GetValueOrDefault(query, None);

    /// <summary>Adds one judgement.</summary>
    public void Add(string query, string key, int grade)
    {
        ArgumentException.ThrowIfNullOrEmpty(query);
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!byQuery.TryGetValue(query, out var keys))
            byQuery[query] = keys = new(StringComparer.Ordinal);
        if (keys.ContainsKey(key))
            Repeated++;
        else
            Count++;
        keys[key] = grade;
    }
}
