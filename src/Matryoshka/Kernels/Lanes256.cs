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

    [MethodImpl(Inline)]
    public static Vector256<int> BytesWhere(ulong bits, byte* from)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(Lanes128.BytesWhere(bits, from), Lanes128.BytesWhere(bits >> 16, from + 16));
        const ulong Byte1 = 0x0101_0101_0101_0101;
        var spread = Avx2.Shuffle(Vector256.Create((uint)bits).AsByte(), Vector256.Create(0, Byte1, 2 * Byte1, 3 * Byte1).AsByte());
        var own = Vector256.Create(0x8040_2010_0804_0201ul).AsByte();
        return (Vector256.Equals(spread & own, own) & Vector256.Load(from)).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector256<int> Differences(byte* a, byte* b)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(Lanes128.Differences(a, b), Lanes128.Differences(a + 16, b + 16));
        var bits = Vector256.Load(a) ^ Vector256.Load(b);
        // The bits set in 0 to 15, once for each 128-bit block. Written out, since broadcasting a Vector128 is not folded to a constant.
        const ulong To7 = 0x0302020102010100, To15 = 0x0403030203020201;
        var counts = Vector256.Create(To7, To15, To7, To15).AsByte();
        var low = Avx2.Shuffle(counts, bits & Vector256.Create((byte)15));
        var high = Avx2.Shuffle(counts, (bits.AsUInt16() >> 4).AsByte() & Vector256.Create((byte)15));
        return (low + high).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector256<int> AddBytes(Vector256<int> a, Vector256<int> b) => (a.AsByte() + b.AsByte()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<int> SumBytes(Vector256<int> value) =>
        Avx2.IsSupported
            ? Avx2.SumAbsoluteDifferences(value.AsByte(), Vector256<byte>.Zero).AsInt32()
            : Vector256.Create(Lanes128.SumBytes(value.GetLower()), Lanes128.SumBytes(value.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector256<int> SumFours(Vector256<int> value) =>
        Avx2.IsSupported
            ? Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(value.AsByte(), Vector256.Create((sbyte)1)), Vector256.Create((short)1))
            : Vector256.Create(Lanes128.SumFours(value.GetLower()), Lanes128.SumFours(value.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector256<int> SumEights(Vector256<int> first, Vector256<int> second) =>
        Avx2.IsSupported
            ? Vector256.Narrow(SumBytes(first).AsInt64(), SumBytes(second).AsInt64())
            : Vector256.Create(
                Lanes128.SumEights(first.GetLower(), first.GetUpper()), Lanes128.SumEights(second.GetLower(), second.GetUpper()));

    [MethodImpl(Inline)]
    public static Vector256<int> Fold16(Vector256<int> first, Vector256<int> second)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(
                Lanes128.Fold16(first.GetLower(), first.GetUpper()), Lanes128.Fold16(second.GetLower(), second.GetUpper()));
        var (x, y) = (first.AsInt64(), second.AsInt64());
        var interleaved = AddBytes(Avx2.UnpackLow(x, y).AsInt32(), Avx2.UnpackHigh(x, y).AsInt32());
        return Avx2.Permute4x64(interleaved.AsInt64(), 0b11_01_10_00).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector256<int> Fold32(Vector256<int> first, Vector256<int> second) =>
        Avx2.IsSupported
            ? AddBytes(Avx2.Permute2x128(first, second, 0x20), Avx2.Permute2x128(first, second, 0x31))
            : Vector256.Create(
                Lanes128.AddBytes(first.GetLower(), first.GetUpper()), Lanes128.AddBytes(second.GetLower(), second.GetUpper()));
}
