using System.Globalization;
using System.Text;

namespace Matryoshka.Encoders;

/// <summary>
/// The character rules of BERT as the Hugging Face tokenizers library applies them (BertNormalizer, then
/// BertPreTokenizer), one code point at a time.
/// </summary>
/// <param name="CleanText">Drop control characters and U+FFFD, turn white space into spaces.</param>
/// <param name="SplitCjk">Make each CJK ideograph a word.</param>
/// <param name="StripAccents">Decompose and drop nonspacing marks.</param>
/// <param name="Lowercase">Fold to lower case.</param>
internal sealed record BertNormalizer(bool CleanText, bool SplitCjk, bool StripAccents, bool Lowercase)
{
    /// <summary>What an ASCII character is: below <see cref="FirstWordByte"/> one of the classes, else a word's byte after folding.</summary>
    public const byte Space = 0, Special = 1, Punctuation = 2, FirstWordByte = 3;

    /// <summary>At most this many code points come of one: three of a decomposition.</summary>
    public const int MaxExpansion = 4;

    /// <summary>The class or folded byte of each ASCII character, 128 entries.</summary>
    public byte[] BuildAsciiMap()
    {
        var map = new byte[128];
        for (var c = 0; c < 128; c++)
        {
            map[c] = IsPunctuation(c) ? Punctuation
                : char.IsAsciiLetterOrDigit((char)c) ? (byte)(Lowercase ? char.ToLowerInvariant((char)c) : c)
                : Drops(c) || !IsSpace(c) ? Special
                : Space;
        }
        return map;
    }

    /// <summary>Whether cleaning removes the code point. Tab, line feed and carriage return count as white space; other controls go.</summary>
    public bool Drops(int codePoint) =>
        CleanText && codePoint is not ('\t' or '\n' or '\r') && (codePoint is 0 or 0xFFFD || IsOther(codePoint));

    /// <summary>White space as the Unicode property White_Space has it, which is also what <see cref="char.IsWhiteSpace(char)"/> knows.</summary>
    public static bool IsSpace(int codePoint) => codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint);

    /// <summary>All of ASCII that is neither letter, digit, space nor control, and Unicode's P categories.</summary>
    public static bool IsPunctuation(int codePoint) => codePoint < 128
        ? codePoint is > 0x20 and < 0x7F && !char.IsAsciiLetterOrDigit((char)codePoint)
        : CharUnicodeInfo.GetUnicodeCategory(codePoint) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    /// <summary>The ideograph blocks that BERT splits; Hangul, Hiragana and Katakana are not among them.</summary>
    public static bool IsCjk(int codePoint) => codePoint is
        (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Strips accents and folds case of a code point that was not dropped.</summary>
    /// <param name="codePoint">The code point.</param>
    /// <param name="folded">Takes the result; room for <see cref="MaxExpansion"/>.</param>
    /// <returns>The number of code points written, 0 for a nonspacing mark.</returns>
    public int Fold(int codePoint, Span<int> folded)
    {
        var count = 1;
        folded[0] = codePoint;
        if (StripAccents)
        {
            if (CharUnicodeInfo.GetUnicodeCategory(codePoint) == UnicodeCategory.NonSpacingMark)
                return 0;
            count = CanonicalBases.Decompose(codePoint, folded);
        }
        if (!Lowercase)
            return count;
        // The one code point whose lower case is two (SpecialCasing.txt); .NET's mappings are one to one.
        if (count == 1 && folded[0] == 0x130)
        {
            (folded[0], folded[1]) = ('i', 0x307);
            return 2;
        }
        for (var i = 0; i < count; i++)
            folded[i] = Rune.ToLowerInvariant(new Rune(folded[i])).Value;
        return count;
    }

    private static bool IsOther(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
}
