using System.Runtime.InteropServices;

namespace Matryoshka.Tests.Kernels;

/// <summary>
/// Memory between two pages that nobody may touch: a kernel that reads one byte too many ends the test run. The last
/// byte of a block lies before the upper page, or its first after the lower one. Elsewhere than on Linux the pages are
/// missing and only results are tested.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private readonly List<(nint Start, nuint Bytes)> regions = [];

    public byte* Allocate(int bytes, bool atStart = false)
    {
        if (!OperatingSystem.IsLinux())
        {
            var plain = (nint)NativeMemory.AllocZeroed((nuint)bytes + 1);
            regions.Add((plain, 0));
            return (byte*)plain;
        }
        var page = Environment.SystemPageSize;
        var inside = Math.Max(1, (bytes + page - 1) / page) * page;
        var start = Map(0, (nuint)(inside + 2 * page), 0, 0x22, -1, 0);
        Assert(start != -1 && Protect(start + page, (nuint)inside, 3) == 0);
        regions.Add((start, (nuint)(inside + 2 * page)));
        return (byte*)start + page + (atStart ? 0 : inside - bytes);
    }

    public byte* AllocateRandom(int bytes, Random random, bool atStart = false)
    {
        var block = Allocate(bytes, atStart);
        random.NextBytes(new Span<byte>(block, bytes));
        return block;
    }

    public void Dispose()
    {
        foreach (var (start, bytes) in regions)
            if (bytes == 0)
                NativeMemory.Free((void*)start);
            else
                Assert(Unmap(start, bytes) == 0);
        regions.Clear();
    }

    private static void Assert(bool succeeded)
    {
        if (!succeeded)
            throw new InvalidOperationException($"The system refused guarded memory: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint at, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint at, nuint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint at, nuint bytes);
}
