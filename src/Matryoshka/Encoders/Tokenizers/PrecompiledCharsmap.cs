using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>
/// The character map that SentencePiece compiles into a model (<c>precompiled_charsmap</c>): the byte length of a
/// double-array trie, the trie's 32-bit units, and the NUL-ended replacements to which its values point.
/// </summary>
internal sealed class PrecompiledCharsmap
{
    // The tokenizers library looks up clusters below this many UTF-8 bytes whole, longer ones code point by code point.
    private const int LongestCluster = 6;

    private readonly uint[] trie;
    private readonly byte[] replacements;

    private PrecompiledCharsmap(uint[] trie, byte[] replacements)
    {
        this.trie = trie;
        this.replacements = replacements;
    }

    public static PrecompiledCharsmap Parse(JsonPart part)
    {
        var bytes = Array.Empty<byte>();
        if (part.Get("precompiled_charsmap") is { ValueKind: System.Text.Json.JsonValueKind.String } text && !text.TryGetBytesFromBase64(out bytes!))
            throw part.Bad("has a 'precompiled_charsmap' that is not base64");
        if (bytes.Length < sizeof(uint))
            throw part.Bad("has no 'precompiled_charsmap'");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size == 0 || size % sizeof(uint) != 0 || size > bytes.Length - sizeof(uint))
            throw part.Bad($"has a 'precompiled_charsmap' of {bytes.Length} bytes with a trie of {size}");
        var trie = new uint[size / sizeof(uint)];
        for (var i = 0; i < trie.Length; i++)
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((i + 1) * sizeof(uint)));
        return new PrecompiledCharsmap(trie, bytes[(int)(sizeof(uint) + size)..]);
    }

    public string Apply(string text)
    {
        var result = new StringBuilder(text.Length);
        Span<byte> utf8 = stackalloc byte[LongestCluster];
        for (var at = 0; at < text.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(text.AsSpan(at));
            var cluster = text.AsSpan(at, length);
            at += length;
            // The replacement of the shortest match stands for the whole cluster, marks and all: the tokenizers library
            // does so, and models are used with what it does.
            if (Encoding.UTF8.TryGetBytes(cluster, utf8, out var written) && written < LongestCluster && Find(utf8[..written]) is { } whole)
                result.Append(whole);
            else
                foreach (var rune in cluster.EnumerateRunes())
                    result.Append(Find(utf8[..rune.EncodeToUtf8(utf8)]) ?? rune.ToString());
        }
        return result.ToString();
    }

    // A unit of the double array: label in the low 8 bits with bit 31, offset from bit 10 (bit 9 shifts it by 8 more),
    // bit 8 says that a value follows.
    private string? Find(ReadOnlySpan<byte> key)
    {
        var node = Offset(trie[0]);
        foreach (var label in key)
        {
            if (label == 0)
                return null;
            node ^= label;
            if (node >= (uint)trie.Length || (trie[node] & 0x8000_00FF) != label)
                return null;
            var unit = trie[node];
            node ^= Offset(unit);
            if ((unit & 0x100) != 0)
                return node < (uint)trie.Length ? Replacement(trie[node] & 0x7FFF_FFFF) : null;
        }
        return null;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private string? Replacement(uint start)
    {
        if (start >= (uint)replacements.Length)
            return null;
        var rest = replacements.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
