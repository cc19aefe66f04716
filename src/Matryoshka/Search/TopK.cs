using System.Runtime.CompilerServices;

namespace Matryoshka.Search;

/// <summary>A row and its score. Better is the higher score, of equal ones the lower tag.</summary>
internal readonly record struct Scored(float Score, long Tag) : IComparable<Scored>
{
    /// <summary>Negative where this one is better, so that sorting puts the best first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CompareTo(Scored other) => IsBetterThan(other) ? -1 : other.IsBetterThan(this) ? 1 : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsBetterThan(Scored other) => Score > other.Score || Score == other.Score && Tag < other.Tag;
}

/// <summary>
/// Keeps the best <see cref="Capacity"/> of any number of scored rows. The result depends on what was added, never on
/// the order: ties go to the lower tag. Scores of minus infinity and NaN are never kept. Distances are added negated.
/// </summary>
/// <remarks>
/// A buffer of twice the capacity, cut back to the best half by selection whenever it is full: constant time an entry.
/// A heap took twice as long on random scores and ten times on ascending ones (best 10 to 10,000 of 500,000).
/// Not safe for concurrent use; give every thread its own and add the others' entries to one.
/// </remarks>
internal sealed class TopK
{
    private const int Slack = 64;

    private Scored[] buffer = [];
    private int count;
    private Scored worst;

    /// <summary>Starts empty.</summary>
    public TopK(int capacity) => Reset(capacity);

    /// <summary>Entries kept, at most; at least 1.</summary>
    public int Capacity { get; private set; }

    /// <summary>Entries that <see cref="Best"/> would give.</summary>
    public int Count => Math.Min(count, Capacity);

    /// <summary>No score at or below this can enter with a tag above all tags added so far. Where ties are many, as with bits, leaving out those of the worst one kept saves most of the work.</summary>
    public float AscendingThreshold => worst.Score;

    /// <summary>As <see cref="AscendingThreshold"/>, for distances: none at or above this can enter with a tag above all tags added so far.</summary>
    public int AscendingDistanceThreshold => worst.Score == float.NegativeInfinity ? int.MaxValue : (int)-worst.Score;

    /// <summary>Empties it for another search, keeping its memory where that suffices.</summary>
    public void Reset(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, (Array.MaxLength - Slack) / 2);
        Capacity = capacity;
        count = 0;
        worst = new(float.NegativeInfinity, long.MinValue);
        if (buffer.Length < 2 * capacity + Slack)
            buffer = new Scored[2 * capacity + Slack];
    }

    /// <summary>Offers one entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float score, long tag)
    {
        var entry = new Scored(score, tag);
        if (entry.IsBetterThan(worst))
            Keep(entry);
    }

    /// <summary>Offers the scores that a selecting kernel picked; their tags are their indices counted from <paramref name="firstTag"/>.</summary>
    public void Add(ReadOnlySpan<float> scores, ReadOnlySpan<int> selected, long firstTag)
    {
        foreach (var index in selected)
            Add(scores[index], firstTag + index);
    }

    /// <summary>The best entries so far, best first. Valid until the next call; adding may go on after it.</summary>
    public ReadOnlySpan<Scored> Best()
    {
        Cut();
        buffer.AsSpan(0, count).Sort();
        return buffer.AsSpan(0, count);
    }

    private void Keep(Scored entry)
    {
        buffer[count++] = entry;
        // The first cut comes as soon as there is a worst entry to know: until then every row passes the threshold.
        if (count == Capacity && worst.Score == float.NegativeInfinity)
            worst = Worst(buffer.AsSpan(0, count));
        else if (count == 2 * Capacity + Slack)
            Cut();
    }

    private void Cut()
    {
        if (count <= Capacity)
            return;
        Selection.BestFirst(buffer.AsSpan(0, count), Capacity);
        count = Capacity;
        worst = Worst(buffer.AsSpan(0, count));
    }

    private static Scored Worst(ReadOnlySpan<Scored> entries)
    {
        var worst = entries[0];
        foreach (var entry in entries)
            if (worst.IsBetterThan(entry))
                worst = entry;
        return worst;
    }
}
