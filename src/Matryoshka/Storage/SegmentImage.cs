using System.Runtime.InteropServices;

namespace Matryoshka.Storage;

/// <summary>A segment file's bytes in native memory: written like a file, then read like a map of one.</summary>
internal sealed unsafe class SegmentImage : MappedMemory, IWritableFile, IReadableFile
{
    private byte* pointer;

    public SegmentImage(long length)
    {
        pointer = (byte*)NativeMemory.AlignedAlloc(checked((nuint)length), SegmentFormat.Alignment);
        NativeMemory.Clear(pointer, (nuint)length);
        Length = length;
    }

    public override byte* Pointer => pointer;

    public override long Length { get; }

    public void WriteAt(long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Part(offset, bytes.Length));

    public void SetLength(long length) => ArgumentOutOfRangeException.ThrowIfNotEqual(length, Length);

    public void Sync() { }

    public int ReadAt(long offset, Span<byte> bytes)
    {
        var count = (int)Math.Clamp(Length - offset, 0, bytes.Length);
        Part(offset, count).CopyTo(bytes);
        return count;
    }

    public MappedMemory Map(long offset, long length) => offset == 0 && length == Length
        ? this
        : throw new NotSupportedException("An image in memory is one part.");

    public override void Dispose()
    {
        NativeMemory.AlignedFree(pointer);
        pointer = null;
    }

    private Span<byte> Part(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(pointer is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new(pointer + offset, count);
    }
}
