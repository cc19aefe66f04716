using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Matryoshka.Storage;

internal sealed class OsWritableFile(SafeFileHandle handle) : IWritableFile
{
    public void WriteAt(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void Sync() => RandomAccess.FlushToDisk(handle);

    public void Dispose() => handle.Dispose();
}

internal sealed class OsReadableFile(SafeFileHandle handle) : IReadableFile
{
    public long Length => RandomAccess.GetLength(handle);

    public int ReadAt(long offset, Span<byte> bytes)
    {
        var total = 0;
        while (total < bytes.Length)
        {
            var read = RandomAccess.Read(handle, bytes[total..], offset + total);
            if (read == 0)
                break;
            total += read;
        }
        return total;
    }

    public MappedMemory Map(long offset, long length) => new FileMap(handle, offset, length);

    public void Dispose() => handle.Dispose();

    private sealed unsafe class FileMap : MappedMemory
    {
        private readonly MemoryMappedFile file;
        private readonly MemoryMappedViewAccessor view;
        private byte* pointer;

        public FileMap(SafeFileHandle handle, long offset, long length)
        {
            Length = length;
            file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            try
            {
                view = file.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
                pointer += view.PointerOffset;
            }
            catch
            {
                view?.Dispose();
                file.Dispose();
                throw;
            }
        }

        public override byte* Pointer => pointer;

        public override long Length { get; }

        public override void Dispose()
        {
            if (pointer is null)
                return;
            pointer = null;
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file.Dispose();
        }
    }
}
