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

    [MethodImpl(Inline)]
    public static Vector512<int> BytesWhere(ulong bits, byte* from)
    {
        if (!Avx512BW.IsSupported)
            return Vector512.Create(Lanes256.BytesWhere(bits, from), Lanes256.BytesWhere(bits >> 32, from + 32));
        const ulong Byte1 = 0x0101_0101_0101_0101;
        var places = Vector512.Create(0, Byte1, 2 * Byte1, 3 * Byte1, 4 * Byte1, 5 * Byte1, 6 * Byte1, 7 * Byte1).AsByte();
        var own = Vector512.Create(0x8040_2010_0804_0201ul).AsByte();
        return (Vector512.Equals(Avx512BW.Shuffle(Vector512.Create(bits).AsByte(), places) & own, own) & Vector512.Load(from)).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector512<int> Differences(byte* a, byte* b)
    {
        if (!Avx512BW.IsSupported)
            return Vector512.Create(Lanes256.Differences(a, b), Lanes256.Differences(a + 32, b + 32));
        var bits = Vector512.Load(a) ^ Vector512.Load(b);
        // The bits set in 0 to 15, once for each 128-bit block. Written out, since broadcasting a Vector128 is not folded to a constant.
        const ulong To7 = 0x0302020102010100, To15 = 0x0403030203020201;
        var counts = Vector512.Create(To7, To15, To7, To15, To7, To15, To7, To15).AsByte();
        var low = Avx512BW.Shuffle(counts, bits & Vector512.Create((byte)15));
        var high = Avx512BW.Shuffle(counts, (bits.AsUInt16() >> 4).AsByte() & Vector512.Create((byte)15));
        return (low + high).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector512<int> AddBytes(Vector512<int> a, Vector512<int> b) => (a.AsByte() + b.AsByte()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<int> SumBytes(Vector512<int> value) =>
        Avx512BW.IsSupported
            ? Avx512BW.SumAbsoluteDifferences(value.AsByte(), Vector512<byte>.Zero).AsInt32()
            : Vector512.Create(Lanes256.SumBytes(value.GetLower()), Lanes256.SumBytes(value.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector512<int> SumFours(Vector512<int> value) =>
        Avx512BW.IsSupported
            ? Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(value.AsByte(), Vector512.Create((sbyte)1)), Vector512.Create((short)1))
            : Vector512.Create(Lanes256.SumFours(value.GetLower()), Lanes256.SumFours(value.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector512<int> SumEights(Vector512<int> first, Vector512<int> second) =>
        Avx512BW.IsSupported
            ? Vector512.Narrow(SumBytes(first).AsInt64(), SumBytes(second).AsInt64())
            : Vector512.Create(
                Lanes256.SumEights(first.GetLower(), first.GetUpper()), Lanes256.SumEights(second.GetLower(), second.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector512<int> Fold16(Vector512<int> first, Vector512<int> second)
    {
        if (!Avx512F.IsSupported)
            return Vector512.Create(
                Lanes256.Fold16(first.GetLower(), first.GetUpper()), Lanes256.Fold16(second.GetLower(), second.GetUpper()));
        var (x, y) = (first.AsInt64(), second.AsInt64());
        var lower = Avx512F.PermuteVar8x64x2(x, Vector512.Create(0L, 2, 4, 6, 8, 10, 12, 14), y);
        var upper = Avx512F.PermuteVar8x64x2(x, Vector512.Create(1L, 3, 5, 7, 9, 11, 13, 15), y);
        return AddBytes(lower.AsInt32(), upper.AsInt32());
    }

    [MethodImpl(Inline)]
    public static Vector512<int> Fold32(Vector512<int> first, Vector512<int> second)
    {
        if (!Avx512F.IsSupported)
            return Vector512.Create(
                Lanes256.Fold32(first.GetLower(), first.GetUpper()), Lanes256.Fold32(second.GetLower(), second.GetUpper()));
        var lower = Avx512F.Shuffle4x128(first, second, 0b10_00_10_00);
        var upper = Avx512F.Shuffle4x128(first, second, 0b11_01_11_01);
        return AddBytes(lower, upper);
    }
}
