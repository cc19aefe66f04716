namespace Matryoshka.Tuning.Statistics;

/// <summary>xorshift64*: the same numbers on every machine and runtime, so that intervals repeat.</summary>
internal struct SeededRandom(ulong seed)
{
    private ulong state = seed * 0x9E3779B97F4A7C15 + 0x1234567;

    public ulong Next()
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545F4914F6CDD1D;
    }

    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
