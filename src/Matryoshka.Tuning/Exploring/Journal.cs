using System.Runtime.InteropServices;
using System.Text;

namespace Matryoshka.Tuning.Exploring;

/// <summary>
/// What has been measured so far, on disk, so that an interrupted run goes on where it was: lines of a key, a tab and the numbers
/// in base 64. The first line names what is measured; a file of something else is begun anew. A last line that was cut
/// off is measured again. Without a path it remembers nothing.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly Dictionary<string, byte[]> known = new(StringComparer.Ordinal);
    private readonly StreamWriter? writer;

    public Journal(string? path, string identity)
    {
        if (path is null)
            return;
        try
        {
            var whole = File.Exists(path) ? Load(path, identity) : -1;
            var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            stream.SetLength(Math.Max(0, whole));
            stream.Position = stream.Length;
            writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };
            if (whole < 0)
                writer.WriteLine(identity);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MatryoshkaException($"The progress of the run cannot be kept in '{path}': {error.Message}", error);
        }
    }

    /// <summary>Measurements taken over from an earlier run.</summary>
    public int Resumed { get; private set; }

    /// <summary>The numbers under a key, measured now unless an earlier run has.</summary>
    public T[] Of<T>(string key, Func<T[]> measure) where T : unmanaged
    {
        if (known.TryGetValue(key, out var bytes))
            return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
        var values = measure();
        writer?.WriteLine($"{key}\t{Convert.ToBase64String(MemoryMarshal.AsBytes(values.AsSpan()))}");
        return values;
    }

    public void Dispose() => writer?.Dispose();

    // The length of what is whole, or -1 where none of it is of use.
    private long Load(string path, string identity)
    {
        var text = File.ReadAllText(path);
        var start = text.IndexOf('\n', StringComparison.Ordinal) + 1;
        if (start == 0 || text[..(start - 1)] != identity)
            return -1;
        for (int end; (end = text.IndexOf('\n', start)) >= 0; start = end + 1)
        {
            var tab = text.IndexOf('\t', start, end - start);
            if (tab < 0 || !TryDecode(text.AsSpan(tab + 1, end - tab - 1), out var bytes))
                break;
            known[text[start..tab]] = bytes;
        }
        Resumed = known.Count;
        return Encoding.UTF8.GetByteCount(text.AsSpan(0, start));
    }

    private static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 4 * 3];
        if (!Convert.TryFromBase64Chars(text, bytes, out var written))
            return false;
        Array.Resize(ref bytes, written);
        return true;
    }
}
