using System.Numerics;
using System.Runtime.CompilerServices;

namespace Matryoshka.Training.Arithmetic;

/// <summary>Arithmetic of runs of numbers, in the same order on every call: float to train with, double to check gradients with.</summary>
internal static unsafe class Wide<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Count => Vector<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Load(T* from) => Unsafe.ReadUnaligned<Vector<T>>(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<T> value, T* to) => Unsafe.WriteUnaligned(to, value);

    /// <summary>
    /// e^x for x up to 0; below -87 the result is e^-87. In float by a polynomial of degree 6 after splitting off the power
    /// of two, within 3e-7 of the value: the runtime's own goes through double and takes three times as long.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Exp(Vector<T> x)
    {
        if (typeof(T) == typeof(double))
            return Unsafe.BitCast<Vector<double>, Vector<T>>(Vector.Exp(Unsafe.BitCast<Vector<T>, Vector<double>>(x)));
        return Unsafe.BitCast<Vector<float>, Vector<T>>(Exp(Unsafe.BitCast<Vector<T>, Vector<float>>(x)));
    }

    /// <summary>As the vectors' <see cref="Exp(Vector{T})"/>, for what is left at the end of a run.</summary>
    public static T Exp(T x) => Exp(new Vector<T>(x))[0];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Dot(T* a, T* b, int n)
    {
        var sums = Vector<T>.Zero;
        var i = 0;
        for (; i <= n - Count; i += Count)
            sums += Load(a + i) * Load(b + i);
        var sum = Vector.Sum(sums);
        for (; i < n; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>to += factor * from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(T* from, T factor, T* to, int n)
    {
        var wide = new Vector<T>(factor);
        var i = 0;
        for (; i <= n - Count; i += Count)
            Store(Load(to + i) + wide * Load(from + i), to + i);
        for (; i < n; i++)
            to[i] += factor * from[i];
    }

    /// <summary>to += from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(T* from, T* to, int n)
    {
        var i = 0;
        for (; i <= n - Count; i += Count)
            Store(Load(to + i) + Load(from + i), to + i);
        for (; i < n; i++)
            to[i] += from[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Exp(Vector<float> x)
    {
        const float Log2E = 1.44269504f, Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;
        x = Vector.Max(x, new Vector<float>(-87f));
        var n = Vector.Floor(x * new Vector<float>(Log2E) + new Vector<float>(0.5f));
        var r = x - n * new Vector<float>(Ln2High) - n * new Vector<float>(Ln2Low);
        var p = new Vector<float>(1.9875691500e-4f);
        p = p * r + new Vector<float>(1.3981999507e-3f);
        p = p * r + new Vector<float>(8.3334519073e-3f);
        p = p * r + new Vector<float>(4.1665795894e-2f);
        p = p * r + new Vector<float>(1.6666665459e-1f);
        p = p * r + new Vector<float>(0.5f);
        p = p * r * r + r + Vector<float>.One;
        var power = (Vector.ConvertToInt32(n) + new Vector<int>(127)) << 23;
        return p * Unsafe.BitCast<Vector<int>, Vector<float>>(power);
    }
}
