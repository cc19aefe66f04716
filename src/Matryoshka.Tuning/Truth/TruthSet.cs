namespace Matryoshka.Tuning.Truth;

/// <summary>The queries that can be measured, with what each should find.</summary>
internal sealed class TruthSet
{
    private const int ListedUnknown = 20;

    private TruthSet(List<TuneQuery> queries, QueryTruth[]? truths, UnitMap? units, TruthSummary summary) =>
        (Queries, Truths, Units, Summary) = (queries, truths, units, summary);

    public IReadOnlyList<TuneQuery> Queries { get; }

    /// <summary>One a query; null where the full ranking is the truth.</summary>
    public QueryTruth[]? Truths { get; }

    /// <summary>Which records count as one; null where each counts by itself.</summary>
    public UnitMap? Units { get; }

    public TruthSummary Summary { get; }

    /// <param name="reader">The collection.</param>
    /// <param name="queries">All queries given.</param>
    /// <param name="judgements">What is relevant; null for the full ranking.</param>
    /// <param name="knownItem">Whether the queries are held-out sentences.</param>
    /// <param name="unknownShare">The share of unknown relevant records from which on judgements are refused.</param>
    public static TruthSet Of(CollectionReader reader, IReadOnlyList<TuneQuery> queries, Judgements? judgements, bool knownItem, double unknownShare)
    {
        if (queries.DistinctBy(query => query.Id, StringComparer.Ordinal).Count() < queries.Count)
            throw new MatryoshkaException($"The query id '{queries.GroupBy(query => query.Id, StringComparer.Ordinal).First(group => group.Count() > 1).Key}' stands twice: ids tell queries and their judgements apart.");
        if (judgements is null)
            return new([.. queries], null, null, new() { Kind = TruthKind.FullRanking, Queries = queries.Count });
        var relevantKeys = queries.SelectMany(query => judgements[query.Id]).Select(pair => pair.Key).Distinct(StringComparer.Ordinal).ToList();
        var units = UnitMap.Of(reader, relevantKeys);
        var (kept, truths, unknown) = (new List<TuneQuery>(), new List<QueryTruth>(), new List<string>());
        var relevant = 0;
        foreach (var query in queries)
        {
            var truth = Judge(judgements[query.Id], units, unknown, ref relevant);
            if (truth is not null)
            {
                kept.Add(query);
                truths.Add(truth);
            }
        }
        var summary = new TruthSummary
        {
            Kind = knownItem ? TruthKind.KnownItem : TruthKind.Judged,
            Queries = kept.Count,
            Unjudged = queries.Count - kept.Count,
            Missing = judgements.Queries.Except(queries.Select(query => query.Id), StringComparer.Ordinal).Count(),
            Relevant = relevant,
            Unknown = unknown.Count,
            UnknownKeys = [.. unknown.Distinct(StringComparer.Ordinal).Take(ListedUnknown)],
            ByDocument = units.ByDocument,
        };
        Require(summary, unknownShare);
        return new(kept, [.. truths], units.ByDocument ? units : null, summary);
    }

    private static QueryTruth? Judge(IReadOnlyDictionary<string, int> judged, UnitMap units, List<string> unknown, ref int relevant)
    {
        var grades = new Dictionary<long, int>();
        var missing = new List<int>();
        foreach (var (key, grade) in judged)
        {
            relevant += grade > 0 ? 1 : 0;
            if (units.Find(key) is { } unit)
                grades[unit] = Math.Max(grade, grades.GetValueOrDefault(unit));
            else if (grade > 0)
            {
                missing.Add(grade);
                unknown.Add(key);
            }
        }
        // With nothing that could be found, a query tells nothing of any plan.
        return grades.Values.Any(grade => grade > 0) ? new(grades, missing) : null;
    }

    private static void Require(TruthSummary summary, double unknownShare)
    {
        if (summary.Relevant == 0)
            throw new MatryoshkaException("None of the queries has a judgement that calls a record relevant: query ids and judgements must use the same ids.");
        var share = (double)summary.Unknown / summary.Relevant;
        if (share > unknownShare)
            throw new MatryoshkaException(FormattableString.Invariant($"{summary.Unknown} of {summary.Relevant} relevant judgements ({share:P1}) name records that the collection does not hold, more than the {unknownShare:P0} allowed: {string.Join(", ", summary.UnknownKeys.Take(5).Select(key => $"'{key}'"))}{(summary.Unknown > 5 ? ", ..." : "")}. Judge by the collection's keys ('mrl get' shows one), or index what is missing."));
        if (summary.Queries == 0)
            throw new MatryoshkaException("No query has a relevant record in the collection: there is nothing to measure.");
    }
}
