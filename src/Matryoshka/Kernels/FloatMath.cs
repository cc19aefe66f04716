using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Matryoshka.Kernels;

/// <summary>Arithmetic of single vectors, at whatever width the runtime has.</summary>
internal static class FloatMath
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var wideA = MemoryMarshal.Cast<float, Vector<float>>(a);
        var wideB = MemoryMarshal.Cast<float, Vector<float>>(b[..a.Length]);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < wideA.Length; i++)
            sums += wideA[i] * wideB[i];
        var sum = Vector.Sum(sums);
        for (var i = wideA.Length * Vector<float>.Count; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Subtract(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> difference)
    {
        var wideA = MemoryMarshal.Cast<float, Vector<float>>(a);
        var wideB = MemoryMarshal.Cast<float, Vector<float>>(b);
        var to = MemoryMarshal.Cast<float, Vector<float>>(difference);
        for (var i = 0; i < wideA.Length; i++)
            to[i] = wideA[i] - wideB[i];
        for (var i = wideA.Length * Vector<float>.Count; i < a.Length; i++)
            difference[i] = a[i] - b[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfMagnitudes(ReadOnlySpan<float> a)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(a);
        var sums = Vector<float>.Zero;
        foreach (var x in wide)
            sums += Vector.Abs(x);
        var sum = Vector.Sum(sums);
        for (var i = wide.Length * Vector<float>.Count; i < a.Length; i++)
            sum += Math.Abs(a[i]);
        return sum;
    }
}
