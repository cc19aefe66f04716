using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Matryoshka.Kernels;

/// <summary>Where kernels leave what they found.</summary>
internal static unsafe class Sums
{
    /// <summary>Writes four rows' sums, or as many as are left of the block, over what is there or on top of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<T>(Vector128<T> four, T* to, int left, bool add)
        where T : unmanaged
    {
        if (left < 4)
            PutSome(four, to, left, add);
        else if (add)
            (four + Vector128.Load(to)).Store(to);
        else
            four.Store(to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void PutSome<T>(Vector128<T> four, T* to, int left, bool add)
        where T : unmanaged
    {
        for (var i = 0; i < left; i++)
            to[i] = (add ? four + Vector128.Create(to[i]) : four).GetElement(i);
    }
}
