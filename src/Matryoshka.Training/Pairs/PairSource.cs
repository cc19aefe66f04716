namespace Matryoshka.Training.Pairs;

/// <summary>The pairs of one file as tokens.</summary>
internal sealed class PairSource(string name)
{
    public string Name => name;

    public TokenLists A { get; } = new();

    public TokenLists B { get; } = new();

    /// <summary>Of each pair, a hash of its short text and one of its long text: equal texts in a batch would be each other's false negatives.</summary>
    public List<(int A, int B)> Hashes { get; } = [];

    /// <summary>Grades, where the source has them; else empty.</summary>
    public List<float> Scores { get; } = [];

    public bool IsGraded => Scores.Count > 0;

    public int Count => A.Count;

    public void Add(ReadOnlySpan<int> a, ReadOnlySpan<int> b, float? score)
    {
        Hashes.Add((Hash(a), Hash(b)));
        A.Add(a);
        B.Add(b);
        if (score is { } grade)
            Scores.Add(grade);
    }

    // FNV-1a: the same on every run, as HashCode is not.
    private static int Hash(ReadOnlySpan<int> tokens)
    {
        var hash = 2166136261u;
        foreach (var token in tokens)
            hash = (hash ^ (uint)token) * 16777619;
        return (int)hash;
    }
}
