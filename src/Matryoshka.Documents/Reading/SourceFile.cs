namespace Matryoshka.Documents.Reading;

/// <summary>Opens sources and reads them whole.</summary>
internal static class SourceFile
{
    public static Stream Open(DocumentSource source, DocumentReadOptions options)
    {
        if (source.IsStandardInput) return new Unowned(options.StandardInput ?? Console.OpenStandardInput());
        return new FileStream(source.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
    }

    /// <exception cref="InvalidFormatException">The source is larger than is read whole.</exception>
    public static async Task<byte[]> ReadWholeAsync(Stream stream, DocumentReadOptions options, CancellationToken ct)
    {
        var limit = Math.Min(options.MaxFileBytes, Array.MaxLength);
        var bytes = new byte[stream.CanSeek && stream.Length is > 0 and var length && length <= limit ? length + 1 : 65536];
        var count = 0;
        while (true)
        {
            if (count == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(2L * count, limit + 1L));
            var read = await stream.ReadAsync(bytes.AsMemory(count), ct).ConfigureAwait(false);
            if (read == 0) break;
            count += read;
            if (count > limit)
                throw new InvalidFormatException($"The file is larger than {options.MaxFileBytes >> 20} MiB, the most that is read whole. Split it, or raise the limit.");
        }
        Array.Resize(ref bytes, count);
        return bytes;
    }

    /// <summary>A stream that somebody else closes, with the bytes already taken from it put back in front.</summary>
    internal sealed class Unowned(Stream inner, ReadOnlyMemory<byte> first = default) : Stream
    {
        private ReadOnlyMemory<byte> _first = first;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (_first.IsEmpty) return inner.Read(buffer);
            return Take(buffer);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _first.IsEmpty ? inner.ReadAsync(buffer, cancellationToken) : ValueTask.FromResult(Take(buffer.Span));

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Take(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _first.Length);
            _first.Span[..count].CopyTo(buffer);
            _first = _first[count..];
            return count;
        }
    }
}
