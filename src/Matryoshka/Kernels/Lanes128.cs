using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Matryoshka.Kernels;

/// <summary>SSE and AdvSimd registers.</summary>
internal readonly unsafe struct Lanes128 : ILanes<Vector128<float>, Vector128<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static string Name => "128";

    public static bool IsAccelerated => Vector128.IsHardwareAccelerated;

    public static int Count => 4;

    public static int Shorts => 8;

    [MethodImpl(Inline)]
    public static Vector128<float> Load(float* from) => Vector128.Load(from);

    [MethodImpl(Inline)]
    public static Vector128<float> LoadFrom(float* from, int first) =>
        Vector128.Load(from) & Vector128.GreaterThanOrEqual(Vector128<int>.Indices, Vector128.Create(first)).AsSingle();

    [MethodImpl(Inline)]
    public static Vector128<float> WidenHalves(ushort* from)
    {
        var halves = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(from)).AsInt16();
        return (Vector128.WidenLower(halves) << 13 & Vector128.Create(HalfBits.Mask)).AsSingle();
    }

    [MethodImpl(Inline)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(Inline)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(Inline)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(Inline)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> sum) =>
        Vector128.MultiplyAddEstimate(a, b, sum);

    [MethodImpl(Inline)]
    public static void Store(Vector128<float> value, float* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector128<float> Sum4(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        if (Sse2.IsSupported)
        {
            var ab = Sse.UnpackLow(a, b) + Sse.UnpackHigh(a, b);
            var cd = Sse.UnpackLow(c, d) + Sse.UnpackHigh(c, d);
            return Sse.MoveLowToHigh(ab, cd) + Sse.MoveHighToLow(cd, ab);
        }
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b), AdvSimd.Arm64.AddPairwise(c, d));
        return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
    }

    [MethodImpl(Inline)]
    public static ulong Above(Vector128<float> value, Vector128<float> threshold) =>
        Vector128.GreaterThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector128<int> LoadInts(int* from) => Vector128.Load(from);

    [MethodImpl(Inline)]
    public static Vector128<int> Broadcast(int value) => Vector128.Create(value);

    [MethodImpl(Inline)]
    public static Vector128<int> Add(Vector128<int> a, Vector128<int> b) => a + b;

    [MethodImpl(Inline)]
    public static void Store(Vector128<int> value, int* to) => value.Store(to);

    [MethodImpl(Inline)]
    public static Vector128<float> ToFloat(Vector128<int> value) => Vector128.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector128<int> Sum4(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d)
    {
        if (Sse2.IsSupported)
        {
            var ab = (Sse2.UnpackLow(a, b) + Sse2.UnpackHigh(a, b)).AsInt64();
            var cd = (Sse2.UnpackLow(c, d) + Sse2.UnpackHigh(c, d)).AsInt64();
            return Sse2.UnpackLow(ab, cd).AsInt32() + Sse2.UnpackHigh(ab, cd).AsInt32();
        }
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b), AdvSimd.Arm64.AddPairwise(c, d));
        return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
    }

    [MethodImpl(Inline)]
    public static ulong Below(Vector128<int> value, Vector128<int> threshold) =>
        Vector128.LessThan(value, threshold).ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static Vector128<int> LoadShorts(short* from) => Vector128.Load(from).AsInt32();

    [MethodImpl(Inline)]
    public static Vector128<int> LoadShortsFrom(short* from, int first) =>
        (Vector128.Load(from) & Vector128.GreaterThanOrEqual(Vector128<short>.Indices, Vector128.Create((short)first))).AsInt32();

    [MethodImpl(Inline)]
    public static Vector128<int> WidenBytes(sbyte* from) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(from)).AsSByte()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector128<int> MultiplyAddPairs(Vector128<int> a, Vector128<int> b, Vector128<int> sum)
    {
        var (x, y) = (a.AsInt16(), b.AsInt16());
        if (Sse2.IsSupported)
            return sum + Sse2.MultiplyAddAdjacent(x, y);
        if (AdvSimd.IsSupported)
            return AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningLowerAndAdd(sum, x.GetLower(), y.GetLower()), x, y);
        return sum + Vector128.WidenLower(x) * Vector128.WidenLower(y) + Vector128.WidenUpper(x) * Vector128.WidenUpper(y);
    }
}
