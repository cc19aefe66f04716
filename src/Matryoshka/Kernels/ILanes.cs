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

    /// <summary>The number of differing bits of each byte, as a byte.</summary>
    static abstract TInt Differences(byte* a, byte* b);

    /// <summary>The bytes from <paramref name="from"/> whose bit, counted from the lowest, is set in <paramref name="bits"/>; the others are zero.</summary>
    static abstract TInt BytesWhere(ulong bits, byte* from);

    static abstract TInt AddBytes(TInt a, TInt b);

    /// <summary>Bytes added up within each lane, or within each pair of lanes with the second lane left zero.</summary>
    static abstract TInt SumBytes(TInt value);

    /// <summary>Bytes added up within each lane.</summary>
    static abstract TInt SumFours(TInt value);

    /// <summary>Bytes added up by eights, over two registers one after the other: one int an eight, in order.</summary>
    static abstract TInt SumEights(TInt first, TInt second);

    /// <summary>
    /// Two registers of 16-byte rows become one of 8-byte rows, in order, each row's halves added bytewise. A row wider
    /// than a register is spread over several, whose bytes are added.
    /// </summary>
    static abstract TInt Fold16(TInt first, TInt second);

    /// <summary>As <see cref="Fold16"/>, from 32-byte rows to 16-byte rows.</summary>
    static abstract TInt Fold32(TInt first, TInt second);
}
