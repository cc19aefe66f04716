using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Matryoshka.Kernels;

/// <summary>AVX-512 registers; elsewhere each is a pair of <see cref="Lanes256"/>.</summary>
internal readonly unsafe struct Lanes512 : ILanes<Vector512<float>, Vector512<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static string Name => "512";

    /// <summary>False on processors that have the instructions but are known to lower their clock for them.</summary>
    public static bool IsAccelerated => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;

    public static int Count => 16;

    public static int Shorts => 32;

    [MethodImpl(Inline)]
    public static Vector512<float> Load(float* from) => Vector512.Load(from);

    [MethodImpl(Inline)]
    public static Vector512<float> LoadFrom(float* from, int first) =>
        Vector512.Load(from) & Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(first)).AsSingle();

    [MethodImpl(Inline)]
    public static Vector512<float> WidenHalves(ushort* from)
    {
        if (!Avx512F.IsSupported)
            return Vector512.Create(Lanes256.WidenHalves(from), Lanes256.WidenHalves(from + 8));
        var wide = Avx512F.ConvertToVector512Int32(Vector256.Load((short*)from));
        return (wide << 13 & Vector512.Create(HalfBits.Mask)).AsSingle();
    }

    [MethodImpl(Inline)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(Inline)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(Inline)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(Inline)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> sum) =>
        Vector512.MultiplyAddEstimate(a, b, sum);

    [MethodImpl(Inline)]
    public static void Store(Vector512<float> value, float* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector128<float> Sum4(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        if (!Avx512F.IsSupported)
            return Lanes256.Sum4(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        var ab = (Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b)).AsDouble();
        var cd = (Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d)).AsDouble();
        var abcd = Avx512F.UnpackLow(ab, cd).AsSingle() + Avx512F.UnpackHigh(ab, cd).AsSingle();
        var half = abcd.GetLower() + abcd.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(Inline)]
    public static ulong Above(Vector512<float> value, Vector512<float> threshold) =>
        Vector512.GreaterThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector512<int> LoadInts(int* from) => Vector512.Load(from);

    [MethodImpl(Inline)]
    public static Vector512<int> Broadcast(int value) => Vector512.Create(value);

    [MethodImpl(Inline)]
    public static Vector512<int> Add(Vector512<int> a, Vector512<int> b) => a + b;

    [MethodImpl(Inline)]
    public static void Store(Vector512<int> value, int* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector512<float> ToFloat(Vector512<int> value) => Vector512.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector128<int> Sum4(Vector512<int> a, Vector512<int> b, Vector512<int> c, Vector512<int> d)
    {
        if (!Avx512F.IsSupported)
            return Lanes256.Sum4(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        var ab = (Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b)).AsInt64();
        var cd = (Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d)).AsInt64();
        var abcd = Avx512F.UnpackLow(ab, cd).AsInt32() + Avx512F.UnpackHigh(ab, cd).AsInt32();
        var half = abcd.GetLower() + abcd.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(Inline)]
    public static ulong Below(Vector512<int> value, Vector512<int> threshold) =>
        Vector512.LessThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector512<int> LoadShorts(short* from) => Vector512.Load(from).AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<int> LoadShortsFrom(short* from, int first) =>
        (Vector512.Load(from) & Vector512.GreaterThanOrEqual(Vector512<short>.Indices, Vector512.Create((short)first))).AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<int> WidenBytes(sbyte* from) =>
        Avx512BW.IsSupported
            ? Avx512BW.ConvertToVector512Int16(Vector256.Load(from)).AsInt32()
            : Vector512.Create(Lanes256.WidenBytes(from), Lanes256.WidenBytes(from + 16));

    [MethodImpl(Inline)]
    public static Vector512<int> MultiplyAddPairs(Vector512<int> a, Vector512<int> b, Vector512<int> sum) =>
        Avx512BW.IsSupported
            ? sum + Avx512BW.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())
            : Vector512.Create(
                Lanes256.MultiplyAddPairs(a.GetLower(), b.GetLower(), sum.GetLower()),
                Lanes256.MultiplyAddPairs(a.GetUpper(), b.GetUpper(), sum.GetUpper()));
}
