using System.Buffers;

namespace Matryoshka.Documents.Reading;

/// <summary>Lines of a byte stream, one at a time, none longer than a limit; longer ones are passed over and flagged.</summary>
internal sealed class ByteLines(Stream stream, int maxBytes) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
    private int _start;
    private int _end;
    private bool _finished;

    /// <summary>The current line without its line end; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Whether the current line was longer than the limit; <see cref="Line"/> is then empty.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The number of the current line, from 1.</summary>
    public long Number { get; private set; }

    public async ValueTask<bool> MoveNextAsync(CancellationToken ct)
    {
        TooLong = false;
        var searched = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                TakeLine(searched + newline, 1);
                return true;
            }
            searched = _end - _start;
            if (_finished)
            {
                if (searched == 0 && !TooLong) return false;
                TakeLine(searched, 0);
                return true;
            }
            if (searched > maxBytes)
            {
                TooLong = true;
                _start = _end = searched = 0;
            }
            await FillAsync(ct).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void TakeLine(int length, int terminator)
    {
        var start = _start;
        _start += length + terminator;
        Number++;
        TooLong |= length > maxBytes;
        if (length > 0 && _buffer[start + length - 1] == '\r') length--;
        Line = TooLong ? default : _buffer.AsMemory(start, length);
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(2 * _buffer.Length);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct).ConfigureAwait(false);
        if (read == 0) _finished = true;
        _end += read;
    }
}
