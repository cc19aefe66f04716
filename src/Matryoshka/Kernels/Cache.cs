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

    /// <summary>Asks for the lines of a block into the second-level cache: the first has room for few that are on their way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AskSoon(byte* block, nint bytes)
    {
        if (Sse.IsSupported)
            for (nint line = 0; line < bytes; line += Line)
                Sse.Prefetch1(block + line);
    }

    /// <summary>
    /// Bytes that a scan asks for ahead of itself, into the second-level cache. There it gains a third to a half of the time of a
    /// kernel that computes as long as it reads, and reaches the speed of merely reading; into the first level, where few lines can be
    /// on their way at once, it gains a tenth, and 1 to 2 KB ahead nothing. 16 KB are as good as 8.
    /// </summary>
    private const int Ahead = 8192;

    /// <summary>Asks for what lies <see cref="Ahead"/> bytes behind a block of a scan, each line once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AskAhead(byte* block, nint bytes)
    {
        if (Sse.IsSupported)
            for (var line = (byte*)((nint)block + Line - 1 & -Line); line < block + bytes; line += Line)
                Sse.Prefetch1(line + Ahead);
    }
}
