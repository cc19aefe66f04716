using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>What differs between dot products of different precisions; <see cref="DotKernel"/> is what does not.</summary>
internal unsafe interface IProduct<TVector, TSum>
    where TVector : unmanaged
    where TSum : unmanaged
{
    /// <summary>Components multiplied at once.</summary>
    static abstract int Step { get; }

    /// <summary>Bytes of a row's component.</summary>
    static abstract int RowSize { get; }

    /// <summary>Bytes of the query's component over those of a row's.</summary>
    static abstract int QueryRatio { get; }

    static abstract TVector Query(byte* from);

    /// <summary>As <see cref="Query"/>, with the components before <paramref name="first"/> set to zero.</summary>
    static abstract TVector QueryFrom(byte* from, int first);

    static abstract TVector Add(TVector sum, TVector query, byte* row);

    static abstract Vector128<TSum> Sum4(TVector a, TVector b, TVector c, TVector d);
}

internal readonly unsafe struct F32Product<TLanes, TFloat, TInt> : IProduct<TFloat, float>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    public static int Step => TLanes.Count;

    public static int RowSize => sizeof(float);

    public static int QueryRatio => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat Query(byte* from) => TLanes.Load((float*)from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat QueryFrom(byte* from, int first) => TLanes.LoadFrom((float*)from, first);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat Add(TFloat sum, TFloat query, byte* row) => TLanes.MultiplyAdd(TLanes.Load((float*)row), query, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sum4(TFloat a, TFloat b, TFloat c, TFloat d) => TLanes.Sum4(a, b, c, d);
}

/// <summary>
/// The halves' exponent factor goes into the query, once for four rows. On the sum it would cost less, but products
/// of subnormal size would lose bits on the way there.
/// </summary>
internal readonly unsafe struct F16Product<TLanes, TFloat, TInt> : IProduct<TFloat, float>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    public static int Step => TLanes.Count;

    public static int RowSize => sizeof(ushort);

    public static int QueryRatio => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat Query(byte* from) => TLanes.Multiply(TLanes.Load((float*)from), TLanes.Broadcast(HalfBits.Factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat QueryFrom(byte* from, int first) =>
        TLanes.Multiply(TLanes.LoadFrom((float*)from, first), TLanes.Broadcast(HalfBits.Factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TFloat Add(TFloat sum, TFloat query, byte* row) =>
        TLanes.MultiplyAdd(TLanes.WidenHalves((ushort*)row), query, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sum4(TFloat a, TFloat b, TFloat c, TFloat d) => TLanes.Sum4(a, b, c, d);
}

/// <summary>Exact as long as the sum of the products' magnitudes is below 2^31, which the query's quantisation sees to.</summary>
internal readonly unsafe struct Int8Product<TLanes, TFloat, TInt> : IProduct<TInt, int>
    where TLanes : ILanes<TFloat, TInt>
    where TFloat : unmanaged
    where TInt : unmanaged
{
    public static int Step => TLanes.Shorts;

    public static int RowSize => sizeof(sbyte);

    public static int QueryRatio => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Query(byte* from) => TLanes.LoadShorts((short*)from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt QueryFrom(byte* from, int first) => TLanes.LoadShortsFrom((short*)from, first);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Add(TInt sum, TInt query, byte* row) =>
        TLanes.MultiplyAddPairs(TLanes.WidenBytes((sbyte*)row), query, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Sum4(TInt a, TInt b, TInt c, TInt d) => TLanes.Sum4(a, b, c, d);
}
