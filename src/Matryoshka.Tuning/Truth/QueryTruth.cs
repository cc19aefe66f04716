namespace Matryoshka.Tuning.Truth;

/// <summary>
/// What is relevant to one query, by unit: a record's id, or the negative number of a document whose pieces the collection
/// holds.
/// </summary>
internal sealed class QueryTruth
{
    private readonly Dictionary<long, int> grades;

    public QueryTruth(Dictionary<long, int> grades, IEnumerable<int> unknownRelevant)
    {
        this.grades = grades;
        // A relevant record that is not there is one that cannot be found: it stays in the ideal.
        Ideal = RankedMetrics.Ideal([.. grades.Values, .. unknownRelevant]);
    }

    /// <summary>Relevant grades, best first.</summary>
    public int[] Ideal { get; }

    public int GradeOf(long unit) => grades.GetValueOrDefault(unit);

    public IEnumerable<long> Relevant => grades.Where(pair => pair.Value > 0).Select(pair => pair.Key);
}
