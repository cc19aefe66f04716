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
}
