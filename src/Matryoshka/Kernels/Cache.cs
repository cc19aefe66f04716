using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Matryoshka.Kernels;

/// <summary>Hints to the memory system. They never fault, wherever they point.</summary>
internal static unsafe class Cache
{
    public const int Line = 64;

    /// <summary>Asks for the lines of a block. .NET has no such instruction to offer on Arm, where this does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(byte* block, nint bytes)
    {
        if (Sse.IsSupported)
            for (nint line = 0; line < bytes; line += Line)
                Sse.Prefetch0(block + line);
    }
}
