using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>One lane: the reference every width is tested against and the road for hardware without vectors.</summary>
internal readonly unsafe struct LanesScalar : ILanes<float, int>
{
    public static string Name => "scalar";

    public static bool IsAccelerated => true;

    public static int Count => 1;

    public static int Shorts => 1;

    public static float Load(float* from) => *from;

    public static float LoadFrom(float* from, int first) => first > 0 ? 0 : *from;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WidenHalves(ushort* from) => BitConverter.Int32BitsToSingle((short)*from << 13 & HalfBits.Mask);

    public static float Broadcast(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Multiply(float a, float b) => a * b;

    public static float MultiplyAdd(float a, float b, float sum) => a * b + sum;

    public static void Store(float value, float* to) => *to = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sum4(float a, float b, float c, float d) => Vector128.Create(a, b, c, d);

    public static ulong Above(float value, float threshold) => value > threshold ? 1u : 0;

    public static int LoadInts(int* from) => *from;

    public static int Broadcast(int value) => value;

    public static int Add(int a, int b) => a + b;

    public static void Store(int value, int* to) => *to = value;

    public static float ToFloat(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Sum4(int a, int b, int c, int d) => Vector128.Create(a, b, c, d);

    public static ulong Below(int value, int threshold) => value < threshold ? 1u : 0;

    public static int LoadShorts(short* from) => *from;

    public static int LoadShortsFrom(short* from, int first) => first > 0 ? 0 : *from;

    public static int WidenBytes(sbyte* from) => *from;

    public static int MultiplyAddPairs(int a, int b, int sum) => a * b + sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Differences(byte* a, byte* b)
    {
        var bits = Unsafe.ReadUnaligned<uint>(a) ^ Unsafe.ReadUnaligned<uint>(b);
        bits -= bits >> 1 & 0x55555555;
        bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
        return (int)(bits + (bits >> 4) & 0x0F0F0F0F);
    }

    // One bit to the lowest of each byte, from there to all eight of it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BytesWhere(ulong bits, byte* from) => (int)((((uint)bits & 0xF) * 0x00204081 & 0x01010101) * 0xFF & Unsafe.ReadUnaligned<uint>(from));

    public static int AddBytes(int a, int b) => a + b;

    public static int SumBytes(int value) => SumFours(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SumFours(int value)
    {
        var pairs = (value & 0x00FF00FF) + (value >>> 8 & 0x00FF00FF);
        return (pairs & 0xFFFF) + (pairs >>> 16);
    }

    public static int SumEights(int first, int second) => SumFours(first) + SumFours(second);

    public static int Fold16(int first, int second) => first + second;

    public static int Fold32(int first, int second) => first + second;
}
