using System.Runtime.InteropServices;

namespace Matryoshka.Lists;

/// <summary>Zeroed native blocks, 64-byte aligned, that may be larger than an array; freed together.</summary>
internal sealed unsafe class ListsMemory : IDisposable
{
    private readonly List<nint> blocks = [];

    public byte* Allocate(long bytes)
    {
        var length = (nuint)Math.Max(bytes, 64);
        var block = NativeMemory.AlignedAlloc(length, 64);
        NativeMemory.Clear(block, length);
        blocks.Add((nint)block);
        return (byte*)block;
    }

    public void Dispose()
    {
        foreach (var block in blocks)
            NativeMemory.AlignedFree((void*)block);
        blocks.Clear();
    }
}
