using System.Runtime.CompilerServices;

namespace Matryoshka.Kernels;

/// <summary>Which rows a kernel scores, in which order.</summary>
internal unsafe interface IRowOrder
{
    /// <summary>The ring in the four rows from a place on.</summary>
    void Four(in Ring ring, int place, out byte* a, out byte* b, out byte* c, out byte* d);

    /// <summary>Asks for the first rows and returns how many places ahead of the current one to ask from then on.</summary>
    int Warm(ReadOnlySpan<Ring> rings, int bitsPerComponent);

    /// <summary>Asks for the cache lines of the ring in the four rows from a place on, as far as there are any.</summary>
    void Prefetch(in Ring ring, int place, nint bytes);
}

/// <summary>Rows one after another; their number must be a multiple of four.</summary>
internal readonly unsafe struct InSequence : IRowOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Four(in Ring ring, int place, out byte* a, out byte* b, out byte* c, out byte* d)
    {
        a = (byte*)ring.Rows + place * ring.Stride;
        b = a + ring.Stride;
        c = a + 2 * ring.Stride;
        d = c + ring.Stride;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Warm(ReadOnlySpan<Ring> rings, int bitsPerComponent) => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(in Ring ring, int place, nint bytes) => Cache.AskAhead((byte*)ring.Rows + place * ring.Stride, 4 * ring.Stride);
}

/// <summary>Rows by number, in any order, with repeats. Where fewer than four are left, the last one is repeated.</summary>
internal readonly unsafe struct ByNumber(int* rows, int count) : IRowOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Four(in Ring ring, int place, out byte* a, out byte* b, out byte* c, out byte* d)
    {
        var last = count - 1;
        a = At(ring, place);
        b = At(ring, Math.Min(place + 1, last));
        c = At(ring, Math.Min(place + 2, last));
        d = At(ring, Math.Min(place + 3, last));
    }

    /// <summary>Looks 4 KB of rows ahead, so that what is asked for is still in a first-level cache of 32 KB when its turn comes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Warm(ReadOnlySpan<Ring> rings, int bitsPerComponent)
    {
        long bits = 1;
        foreach (ref readonly var ring in rings)
            bits += (long)ring.Length * bitsPerComponent;
        var ahead = (int)Math.Clamp(4096 * 8 / bits, 4, 32) & ~3;
        for (var place = 0; place < ahead; place += 4)
            foreach (ref readonly var ring in rings)
                Prefetch(ring, place, (nint)((long)ring.Length * bitsPerComponent + 7 >> 3));
        return ahead;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(in Ring ring, int place, nint bytes)
    {
        for (var end = Math.Min(place + 4, count); place < end; place++)
            Cache.Ask(At(ring, place), bytes);
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* At(in Ring ring, int place) => (byte*)ring.Rows + rows[place] * ring.Stride;
}
