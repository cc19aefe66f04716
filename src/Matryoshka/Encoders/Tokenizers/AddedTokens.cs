using System.Buffers;
using System.Globalization;
using System.Text;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>A token that a text may contain verbatim, as "added_tokens" lists it.</summary>
internal sealed record VerbatimToken(string Content, int Id, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized);

/// <summary>Finds verbatim tokens in a text: the leftmost, of these the longest.</summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<char, VerbatimToken[]> byFirst;
    private readonly SearchValues<char> firsts;

    public AddedTokens(IEnumerable<VerbatimToken> tokens)
    {
        byFirst = tokens.Where(t => t.Content.Length > 0).GroupBy(t => t.Content[0])
            .ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Content.Length).ToArray());
        firsts = SearchValues.Create([.. byFirst.Keys]);
    }

    public static List<VerbatimToken> Read(JsonPart root)
    {
        var tokens = new List<VerbatimToken>();
        foreach (var part in root.Parts("added_tokens"))
        {
            var content = part.Text("content");
            if (string.IsNullOrEmpty(content) || part.Number("id", 0, TokenModel.MaxPieces - 1) is not { } id)
                throw part.Bad("has no content or no id");
            // Absent, "normalized" is the opposite of "special".
            tokens.Add(new(content, id, part.Flag("single_word", false), part.Flag("lstrip", false), part.Flag("rstrip", false),
                part.Flag("normalized", !part.Flag("special", false))));
        }
        return tokens;
    }

    /// <summary>The stretches of a text in order: a token's id, or -1 for text between tokens.</summary>
    public IEnumerable<(int Id, int Start, int End)> Split(string text)
    {
        var done = 0;
        for (var at = 0; at < text.Length;)
        {
            var next = text.AsSpan(at).IndexOfAny(firsts);
            if (next < 0)
                break;
            at += next;
            if (Longest(text, at) is not { } token)
            {
                at++;
                continue;
            }
            var (start, end) = (at, at + token.Content.Length);
            at = end;
            if (token.SingleWord && !StandsAlone(text, start, end))
                continue;
            while (token.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
                end++;
            if (start > done)
                yield return (-1, done, start);
            yield return (token.Id, start, end);
            // White space eaten at the right may itself begin the next token, as in the tokenizers library: the search goes on before it.
            done = end;
        }
        if (done < text.Length)
            yield return (-1, done, text.Length);
    }

    private VerbatimToken? Longest(string text, int at)
    {
        foreach (var token in byFirst[text[at]])
            if (string.CompareOrdinal(text, at, token.Content, 0, token.Content.Length) == 0)
                return token;
        return null;
    }

    private static bool StandsAlone(string text, int start, int end)
    {
        if (start > 0 && Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _) == OperationStatus.Done && IsWordPart(before))
            return false;
        return end == text.Length || Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _) != OperationStatus.Done || !IsWordPart(after);
    }

    // The \w of UTS #18, annex C.
    private static bool IsWordPart(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D;
}
