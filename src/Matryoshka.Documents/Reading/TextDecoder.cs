using System.Text;
using System.Text.Unicode;

namespace Matryoshka.Documents.Reading;

/// <summary>Bytes to text: byte order marks, then UTF-8, then Windows-1252, which decodes anything.</summary>
internal static class TextDecoder
{
    internal const int SniffedBytes = 8192;

    public static Encoding Windows1252 { get; } = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    /// <summary>Whether the first bytes of a file are those of something else than text.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> bytes) =>
        MarkOf(bytes).Encoding is null && bytes[..Math.Min(bytes.Length, SniffedBytes)].Contains((byte)0);

    /// <summary>Text or PDF; <see cref="DocumentFormat.Detect"/> for a binary file.</summary>
    public static DocumentFormat SniffFile(string path)
    {
        using var file = File.OpenHandle(path);
        var head = new byte[SniffedBytes];
        var read = RandomAccess.Read(file, head, 0);
        var bytes = head.AsSpan(0, read);
        if (bytes.StartsWith("%PDF-"u8)) return DocumentFormat.Pdf;
        return IsBinary(bytes) ? DocumentFormat.Detect : DocumentFormat.Text;
    }

    /// <summary>The encoding that a byte order mark announces (null without a mark) and the mark's length.</summary>
    public static (Encoding? Encoding, int Length) MarkOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith<byte>([0xEF, 0xBB, 0xBF])) return (Encoding.UTF8, 3);
        if (bytes.StartsWith<byte>([0xFF, 0xFE, 0, 0])) return (Encoding.UTF32, 4);
        if (bytes.StartsWith<byte>([0xFF, 0xFE])) return (Encoding.Unicode, 2);
        if (bytes.StartsWith<byte>([0xFE, 0xFF])) return (Encoding.BigEndianUnicode, 2);
        return (null, 0);
    }

    /// <summary>Decodes all bytes; <paramref name="declared"/> is the encoding the content claims for itself, believed when there is no mark.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes, FailureSink failures, Encoding? declared = null)
    {
        var (encoding, mark) = MarkOf(bytes);
        bytes = bytes[mark..];
        if ((encoding ?? declared) is { CodePage: not 65001 } other) return other.GetString(bytes);
        if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        failures.WarnEncoding();
        return Windows1252.GetString(bytes);
    }

    /// <summary>Single line feeds for every kind of line end.</summary>
    public static string NormaliseLineEnds(string text) => text.Contains('\r') ? text.ReplaceLineEndings("\n") : text;
}
