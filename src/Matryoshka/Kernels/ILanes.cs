using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>
/// What a kernel body needs of one register width: a <typeparamref name="TFloat"/> holds <see cref="Count"/> floats, a
/// <typeparamref name="TInt"/> as many ints or 4 * <see cref="Count"/> bytes. Bodies are written once over this and
/// the runtime compiles one copy a width, so there is no call left inside a loop.
/// </summary>
/// <remarks>
/// Every width works on every machine: where an instruction is missing a vector falls back to two of half the width,
/// down to plain arithmetic. No operation reads a byte beyond the lanes it returns.
/// </remarks>
internal unsafe interface ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    static abstract string Name { get; }

    static abstract bool IsAccelerated { get; }

    /// <summary>Floats, or ints, in a register.</summary>
    static abstract int Count { get; }

    /// <summary>Components of one <see cref="MultiplyAddPairs"/>.</summary>
    static abstract int Shorts { get; }

    static abstract TFloat Load(float* from);

    /// <summary>As <see cref="Load"/>, with the lanes before <paramref name="first"/> set to zero.</summary>
    static abstract TFloat LoadFrom(float* from, int first);

    /// <summary>Halves as floats times 2^-112: the exponent is rebased by the caller's factor, not here, which keeps subnormals exact for free. Infinities and NaNs become numbers.</summary>
    static abstract TFloat WidenHalves(ushort* from);

    static abstract TFloat Broadcast(float value);

    static abstract TFloat Add(TFloat a, TFloat b);

    static abstract TFloat Multiply(TFloat a, TFloat b);

    static abstract TFloat MultiplyAdd(TFloat a, TFloat b, TFloat sum);

    static abstract void Store(TFloat value, float* to);

    /// <summary>The four horizontal sums, in order.</summary>
    static abstract Vector128<float> Sum4(TFloat a, TFloat b, TFloat c, TFloat d);

    /// <summary>One bit a lane, lowest first: value &gt; threshold.</summary>
    static abstract ulong Above(TFloat value, TFloat threshold);

    static abstract TInt LoadInts(int* from);

    static abstract TInt Broadcast(int value);

    static abstract TInt Add(TInt a, TInt b);

    static abstract void Store(TInt value, int* to);

    static abstract TFloat ToFloat(TInt value);

    static abstract Vector128<int> Sum4(TInt a, TInt b, TInt c, TInt d);

    /// <summary>One bit a lane, lowest first: value &lt; threshold.</summary>
    static abstract ulong Below(TInt value, TInt threshold);

    static abstract TInt LoadShorts(short* from);

    /// <summary>As <see cref="LoadShorts"/>, with the lanes before <paramref name="first"/> set to zero.</summary>
    static abstract TInt LoadShortsFrom(short* from, int first);

    /// <summary><see cref="Shorts"/> bytes, sign-extended.</summary>
    static abstract TInt WidenBytes(sbyte* from);

    /// <summary>sum + products of shorts, added in any lane.</summary>
    static abstract TInt MultiplyAddPairs(TInt a, TInt b, TInt sum);
}
