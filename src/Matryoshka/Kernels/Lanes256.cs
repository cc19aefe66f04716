using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Matryoshka.Kernels;

/// <summary>AVX2 registers; elsewhere each is a pair of <see cref="Lanes128"/>.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Vector256<float>, Vector256<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static string Name => "256";

    public static bool IsAccelerated => Vector256.IsHardwareAccelerated;

    public static int Count => 8;

    public static int Shorts => 16;

    [MethodImpl(Inline)]
    public static Vector256<float> Load(float* from) => Vector256.Load(from);

    [MethodImpl(Inline)]
    public static Vector256<float> LoadFrom(float* from, int first) =>
        Vector256.Load(from) & Vector256.GreaterThanOrEqual(Vector256<int>.Indices, Vector256.Create(first)).AsSingle();

    [MethodImpl(Inline)]
    public static Vector256<float> WidenHalves(ushort* from)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(Lanes128.WidenHalves(from), Lanes128.WidenHalves(from + 4));
        return (Avx2.ConvertToVector256Int32((short*)from) << 13 & Vector256.Create(HalfBits.Mask)).AsSingle();
    }

    [MethodImpl(Inline)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(Inline)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(Inline)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(Inline)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> sum) =>
        Vector256.MultiplyAddEstimate(a, b, sum);

    [MethodImpl(Inline)]
    public static void Store(Vector256<float> value, float* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector128<float> Sum4(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Avx2.IsSupported)
            return Lanes128.Sum4(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        var ab = (Avx.UnpackLow(a, b) + Avx.UnpackHigh(a, b)).AsDouble();
        var cd = (Avx.UnpackLow(c, d) + Avx.UnpackHigh(c, d)).AsDouble();
        var abcd = Avx.UnpackLow(ab, cd).AsSingle() + Avx.UnpackHigh(ab, cd).AsSingle();
        return abcd.GetLower() + abcd.GetUpper();
    }

    [MethodImpl(Inline)]
    public static ulong Above(Vector256<float> value, Vector256<float> threshold) =>
        Vector256.GreaterThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector256<int> LoadInts(int* from) => Vector256.Load(from);

    [MethodImpl(Inline)]
    public static Vector256<int> Broadcast(int value) => Vector256.Create(value);

    [MethodImpl(Inline)]
    public static Vector256<int> Add(Vector256<int> a, Vector256<int> b) => a + b;

    [MethodImpl(Inline)]
    public static void Store(Vector256<int> value, int* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector256<float> ToFloat(Vector256<int> value) => Vector256.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector128<int> Sum4(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        if (!Avx2.IsSupported)
            return Lanes128.Sum4(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        var ab = (Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b)).AsInt64();
        var cd = (Avx2.UnpackLow(c, d) + Avx2.UnpackHigh(c, d)).AsInt64();
        var abcd = Avx2.UnpackLow(ab, cd).AsInt32() + Avx2.UnpackHigh(ab, cd).AsInt32();
        return abcd.GetLower() + abcd.GetUpper();
    }

    [MethodImpl(Inline)]
    public static ulong Below(Vector256<int> value, Vector256<int> threshold) =>
        Vector256.LessThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector256<int> LoadShorts(short* from) => Vector256.Load(from).AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<int> LoadShortsFrom(short* from, int first) =>
        (Vector256.Load(from) & Vector256.GreaterThanOrEqual(Vector256<short>.Indices, Vector256.Create((short)first))).AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<int> WidenBytes(sbyte* from) =>
        Avx2.IsSupported
            ? Avx2.ConvertToVector256Int16(from).AsInt32()
            : Vector256.Create(Lanes128.WidenBytes(from), Lanes128.WidenBytes(from + 8));

    [MethodImpl(Inline)]
    public static Vector256<int> MultiplyAddPairs(Vector256<int> a, Vector256<int> b, Vector256<int> sum) =>
        Avx2.IsSupported
            ? sum + Avx2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())
            : Vector256.Create(
                Lanes128.MultiplyAddPairs(a.GetLower(), b.GetLower(), sum.GetLower()),
                Lanes128.MultiplyAddPairs(a.GetUpper(), b.GetUpper(), sum.GetUpper()));
}
