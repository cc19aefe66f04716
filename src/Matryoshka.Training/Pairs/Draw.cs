namespace Matryoshka.Training.Pairs;

/// <summary>Random numbers that are a function of a seed and a place alone, so that any step can be drawn again (SplitMix64).</summary>
internal struct Draw
{
    private ulong state;

    public Draw(long seed, long place, long purpose = 0)
    {
        state = (ulong)seed * 0x9E3779B97F4A7C15 ^ (ulong)place * 0xBF58476D1CE4E5B9 ^ (ulong)purpose * 0x94D049BB133111EB;
        Next();
    }

    public ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    /// <summary>0 to below 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1ul << 53));

    /// <summary>0 to below <paramref name="n"/>.</summary>
    public int Below(int n) => (int)(Math.BigMul(Next(), (ulong)n, out _));

    /// <summary>A normally distributed number (Box and Muller).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());
}
