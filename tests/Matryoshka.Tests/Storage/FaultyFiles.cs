using Matryoshka.Storage;
using Microsoft.Win32.SafeHandles;

namespace Matryoshka.Tests.Storage;

internal sealed class FaultyWritableFile(FaultyFileSystem fs, string path, FaultyFileSystem.Node node) : IWritableFile
{
    // Shared, unlike the real one, so that a flush can read the content back by name.
    private readonly SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    public FaultyFileSystem.Node Node { get; } = node;

    public void WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        var call = $"WriteAt {path} {offset}+{bytes.Length}";
        if (fs.Enter(call, bytes.Length) is { } part)
        {
            RandomAccess.Write(handle, bytes[..part], offset);
            throw fs.Failure(call);
        }
        RandomAccess.Write(handle, bytes, offset);
    }

    public void SetLength(long length)
    {
        fs.Enter($"SetLength {path} {length}", allocates: true);
        RandomAccess.SetLength(handle, length);
    }

    public void Sync()
    {
        try
        {
            fs.Enter($"Sync {path}");
        }
        catch (IOException)
        {
            Node.LostWrites = true;
            throw;
        }
        FaultyFileSystem.Flushed(Node, path);
    }

    public void Dispose()
    {
        handle.Dispose();
        fs.Closed(this);
    }
}

internal sealed class FaultyReadableFile(FaultyFileSystem fs, string path, IReadableFile inner) : IReadableFile
{
    public long Length => inner.Length;

    public int ReadAt(long offset, Span<byte> bytes)
    {
        fs.Enter($"ReadAt {path} {offset}+{bytes.Length}");
        return inner.ReadAt(offset, bytes);
    }

    public MappedMemory Map(long offset, long length)
    {
        fs.Enter($"Map {path} {offset}+{length}");
        return fs.Opened(new FaultyMap(fs, inner.Map(offset, length)), path);
    }

    public void Dispose()
    {
        inner.Dispose();
        fs.Closed(this);
    }
}

internal sealed unsafe class FaultyMap(FaultyFileSystem fs, MappedMemory inner) : MappedMemory
{
    public override byte* Pointer => inner.Pointer;

    public override long Length => inner.Length;

    public override void Dispose()
    {
        inner.Dispose();
        fs.Closed(this);
    }
}

internal sealed class FaultyLock(FaultyFileSystem fs, IDisposable inner) : IDisposable
{
    public void Dispose()
    {
        inner.Dispose();
        fs.Closed(this);
    }
}
