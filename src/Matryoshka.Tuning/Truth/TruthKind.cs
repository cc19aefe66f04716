namespace Matryoshka.Tuning;

/// <summary>What a plan's answers are held against.</summary>
public enum TruthKind
{
    /// <summary>Judgements of people or of clicks: says whether answers are right.</summary>
    Judged,

    /// <summary>The exact full ranking: says what a smaller search changes, not whether the change is for the worse.</summary>
    FullRanking,

    /// <summary>Sentences held out from the records, each to find its record: real words, but not what users ask.</summary>
    KnownItem,
}

/// <summary>What the measurement is held against, and what of it could not be used.</summary>
public sealed record TruthSummary
{
    /// <summary>What kind of truth it is.</summary>
    public required TruthKind Kind { get; init; }

    /// <summary>Queries measured.</summary>
    public required int Queries { get; init; }

    /// <summary>Queries given that nobody judged, or whose relevant records are all unknown; left out.</summary>
    public int Unjudged { get; init; }

    /// <summary>Judged queries that were not given; left out.</summary>
    public int Missing { get; init; }

    /// <summary>Relevant judgements in all.</summary>
    public int Relevant { get; init; }

    /// <summary>Relevant judgements that name a record the collection does not hold; they count as not found.</summary>
    public int Unknown { get; init; }

    /// <summary>The first of those keys.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>Whether judgements name documents of which the collection holds pieces: hits then count once a document.</summary>
    public bool ByDocument { get; init; }

    /// <summary>What this kind of truth cannot answer.</summary>
    public string CannotAnswer => Kind switch
    {
        TruthKind.Judged => "Judgements cover these queries only: a record nobody judged counts as not relevant, even where it is.",
        TruthKind.FullRanking => "Without judgements the exact full ranking is the truth. This cannot tell whether the full ranking is right, whether another model would be better, or whether a changed answer is a worse one: losses of overlap overstate losses of quality.",
        _ => "The queries are sentences held out from the records, each of which is to find its record. They show how sizes compare on the collection's own words; they cannot tell how well questions of users are answered, which are shorter and worded otherwise.",
    };
}
