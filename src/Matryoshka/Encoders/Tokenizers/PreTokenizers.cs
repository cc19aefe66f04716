using System.Text;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>A stretch of text that no token crosses.</summary>
/// <param name="Text">The text, normalised.</param>
/// <param name="First">Whether the whole input begins with it.</param>
internal readonly record struct Piece(string Text, bool First);

/// <summary>Cuts a piece into smaller ones, none empty.</summary>
internal delegate IEnumerable<Piece> PreTokenizer(Piece piece);

/// <summary>Reads the pre-tokenizer of a tokenizer.json.</summary>
internal static class PreTokenizers
{
    private const string Supported = "BertPreTokenizer, ByteLevel, Metaspace, Split, WhitespaceSplit and Sequence";

    private static readonly string[] ByteLetters = BuildByteLetters();

    public static PreTokenizer Parse(JsonPart part)
    {
        if (part.IsNull)
            return piece => [piece];
        switch (part.Type)
        {
            case "Sequence":
                var steps = part.Parts("pretokenizers").Select(Parse).ToArray();
                return piece => steps.Aggregate<PreTokenizer, IEnumerable<Piece>>([piece], (pieces, step) => pieces.SelectMany(p => step(p)));
            case "BertPreTokenizer": return piece => Cut(piece, BertEnd);
            case "WhitespaceSplit": return piece => Cut(piece, (text, start) => WordEnd(text, start));
            case "ByteLevel": return ByteLevel(part);
            case "Metaspace": return Metaspace(part);
            case "Split": return Splits.Parse(part);
            default: throw part.Unsupported(Supported);
        }
    }

    /// <summary>Cuts by a function that gives the end of the stretch at a place, or its complement for one to leave out.</summary>
    public static IEnumerable<Piece> Cut(Piece piece, Func<string, int, int> endOf)
    {
        for (var start = 0; start < piece.Text.Length;)
        {
            var end = endOf(piece.Text, start);
            if (end >= 0)
                yield return new Piece(piece.Text[start..end], piece.First && start == 0);
            start = end >= 0 ? end : ~end;
        }
    }

    private static int BertEnd(string text, int start)
    {
        Rune.DecodeFromUtf16(text.AsSpan(start), out var rune, out var width);
        if (Rune.IsWhiteSpace(rune))
            return ~(start + width);
        if (BertNormalizer.IsPunctuation(rune.Value))
            return start + width;
        return WordEnd(text, start, stopAtPunctuation: true);
    }

    private static int WordEnd(string text, int start, bool stopAtPunctuation = false)
    {
        var at = start;
        while (at < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var width);
            if (Rune.IsWhiteSpace(rune))
                return at == start ? ~(at + width) : at;
            if (stopAtPunctuation && BertNormalizer.IsPunctuation(rune.Value))
                return at;
            at += width;
        }
        return at;
    }

    private static PreTokenizer ByteLevel(JsonPart part)
    {
        var (prefix, split) = (part.Flag("add_prefix_space", true), part.Flag("use_regex", true));
        return piece =>
        {
            if (prefix && !piece.Text.StartsWith(' '))
                piece = piece with { Text = " " + piece.Text };
            var pieces = split ? Cut(piece, (text, start) => GptWords.Gpt2.End(text, start)) : [piece];
            return pieces.Select(p => p with { Text = ToByteLetters(p.Text) });
        };
    }

    /// <summary>Writes each byte of the UTF-8 as the printable letter that byte-level models have in its place.</summary>
    private static string ToByteLetters(string text)
    {
        var letters = new StringBuilder(text.Length + 8);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                letters.Append(ByteLetters[b]);
        return letters.ToString();
    }

    // Radford et al., 2019: printable Latin-1 stands for itself, every other byte for the next letter from U+0100 on.
    private static string[] BuildByteLetters()
    {
        var letters = new string[256];
        var next = 0x100;
        for (var b = 0; b < 256; b++)
            letters[b] = ((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? b : next++)).ToString();
        return letters;
    }

    private static PreTokenizer Metaspace(JsonPart part)
    {
        var mark = part.Text("replacement") ?? "\u2581";
        if (mark.Length != 1)
            throw part.Bad($"has the 'replacement' '{mark}', which is not one character");
        var scheme = part.Text("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw part.Bad($"has the 'prepend_scheme' '{scheme}'; supported are always, first and never");
        var split = part.Flag("split", true);
        return piece =>
        {
            var text = piece.Text.Replace(' ', mark[0]);
            if (!text.StartsWith(mark[0]) && (scheme == "always" || (scheme == "first" && piece.First)))
                text = mark + text;
            piece = piece with { Text = text };
            return split ? Cut(piece, (t, start) => t.IndexOf(mark[0], start + 1) is >= 0 and var next ? next : t.Length) : [piece];
        };
    }
}
