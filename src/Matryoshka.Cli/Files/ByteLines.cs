namespace Matryoshka.Cli.Files;

/// <summary>Reads a stream line by line as bytes, without a copy to text: a line of a vector file is tens of kilobytes of digits.</summary>
internal sealed class ByteLines(Stream stream, string name) : IDisposable
{
    // 65,536 components of up to 24 characters and a text beside them stay far below.
    private const int LongestLine = 64 << 20;

    private byte[] buffer = new byte[1 << 18];
    private int start;
    private int end;
    private bool ended;

    /// <summary>The line read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes of the stream consumed.</summary>
    public long Consumed { get; private set; }

    /// <summary>The next line without its end; valid until the next call.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        for (var searched = 0; ;)
        {
            var feed = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                line = Take(searched + feed, 1);
                return true;
            }
            searched = end - start;
            if (ended)
            {
                line = searched > 0 ? Take(searched, 0) : default;
                return searched > 0;
            }
            Fill();
        }
    }

    public void Dispose() => stream.Dispose();

    private ReadOnlyMemory<byte> Take(int length, int terminator)
    {
        var line = buffer.AsMemory(start, length);
        start += length + terminator;
        Consumed += length + terminator;
        if (Number++ == 0 && line.Span.StartsWith("\uFEFF"u8))
            line = line[3..];
        return line.Span.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        else if (end == buffer.Length)
        {
            if (buffer.Length >= LongestLine)
                throw new InvalidFormatException($"Line {Number + 1} of '{name}' is longer than {LongestLine >> 20} MB: this is not a file of lines.");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        var read = stream.Read(buffer, end, buffer.Length - end);
        ended = read == 0;
        end += read;
    }
}
