namespace Matryoshka.Encoders;

/// <summary>
/// Where a tokenizer writes: grows to the longest text it has seen and is reused, so that a warm pass allocates nothing.
/// One a thread.
/// </summary>
internal sealed class TokenBuffer(bool withPlaces)
{
    [ThreadStatic]
    private static TokenBuffer? ofThread;

    // What one enormous text needed is not kept for the rest of a thread's life: 4 MB stay at most.
    private const int MostKept = 1 << 20;

    /// <summary>The calling thread's buffer for ids alone.</summary>
    public static TokenBuffer OfThread => ofThread is { } kept && kept.Ids.Length <= MostKept ? kept : ofThread = new TokenBuffer(withPlaces: false);

    public int[] Ids { get; private set; } = new int[512];

    /// <summary>First UTF-16 unit of each token; empty when places were not asked for.</summary>
    public int[] Starts { get; private set; } = withPlaces ? new int[512] : [];

    /// <summary>One past the last UTF-16 unit of each token; empty when places were not asked for.</summary>
    public int[] Ends { get; private set; } = withPlaces ? new int[512] : [];

    public int Count { get; set; }

    public ReadOnlySpan<int> Tokens => Ids.AsSpan(0, Count);

    public void Add(int id, int start, int end)
    {
        if (Count == Ids.Length)
            Reserve(1);
        if (withPlaces)
        {
            Starts[Count] = start;
            Ends[Count] = end;
        }
        Ids[Count++] = id;
    }

    public void Reserve(int more)
    {
        if (Ids.Length - Count >= more)
            return;
        var length = checked((int)Math.Min(Array.MaxLength, Math.Max((long)Count + more, 2L * Ids.Length)));
        Ids = Grown(Ids, length);
        if (withPlaces)
        {
            Starts = Grown(Starts, length);
            Ends = Grown(Ends, length);
        }
    }

    private static int[] Grown(int[] old, int length)
    {
        var grown = new int[length];
        old.CopyTo(grown, 0);
        return grown;
    }
}
