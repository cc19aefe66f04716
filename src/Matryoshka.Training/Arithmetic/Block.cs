using System.Runtime.InteropServices;

namespace Matryoshka.Training.Arithmetic;

/// <summary>Memory of one element type on cache lines, outside the collector's reach; zero at first.</summary>
internal sealed unsafe class Block<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    public Block(long length)
    {
        Length = length;
        Data = (T*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(1, length) * (nuint)sizeof(T)), Alignment);
        Clear();
    }

    ~Block() => Free();

    public T* Data { get; private set; }

    public long Length { get; }

    /// <summary>Elements from <paramref name="start"/> on.</summary>
    public Span<T> Slice(long start, int length) => start >= 0 && length >= 0 && start + length <= Length
        ? new(Data + start, length)
        : throw new ArgumentOutOfRangeException(nameof(start));

    public void Clear() => NativeMemory.Clear(Data, checked((nuint)Length * (nuint)sizeof(T)));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
    }
}
