using System.Buffers;

namespace Matryoshka.Documents.Splitting;

/// <summary>Finds the next sentence or line of a block.</summary>
internal static class Sentences
{
    private static readonly SearchValues<char> Ends = SearchValues.Create(".!?…。！？｡\n");
    private static readonly SearchValues<char> ProseEnds = SearchValues.Create(".!?…。！？｡");
    private static readonly SearchValues<char> Closers = SearchValues.Create("\"')]}”’»」』）】*_");

    private static readonly string[] Abbreviations =
    [
        "al", "approx", "art", "bzw", "ca", "cf", "chap", "co", "corp", "dr", "ed", "eq", "est", "etc", "fig", "inc", "jr", "ltd", "mr", "mrs", "ms",
        "mt", "no", "nr", "pp", "prof", "resp", "sec", "sr", "st", "usw", "vol", "vs",
    ];

    /// <summary>
    /// The end of the sentence or line that starts at the beginning of <paramref name="text"/>, without whitespace after it. In prose,
    /// line ends count only where <paramref name="lines"/> says so and a list item or a blank line follows; elsewhere only they count.
    /// </summary>
    public static int End(ReadOnlySpan<char> text, bool prose, bool lines)
    {
        if (!prose) return text.IndexOf('\n') is >= 0 and var end ? text[..end].TrimEnd().Length : text.TrimEnd().Length;
        var ends = lines ? Ends : ProseEnds;
        for (var i = 0; i < text.Length; i++)
        {
            var found = text[i..].IndexOfAny(ends);
            if (found < 0) break;
            i += found;
            if (text[i] == '\n')
            {
                if (StartsItem(text[(i + 1)..])) return text[..i].TrimEnd().Length;
                continue;
            }
            var after = i + 1;
            while (after < text.Length && (ProseEnds.Contains(text[after]) || Closers.Contains(text[after]))) after++;
            if (IsEnd(text, i, after)) return after;
            i = after - 1;
        }
        return text.TrimEnd().Length;
    }

    private static bool StartsItem(ReadOnlySpan<char> line)
    {
        // Deeper indentation than this belongs to code inside an item, where any line is as good a place as the next.
        var indentation = line[..Math.Min(line.Length, 40)].IndexOfAnyExcept(' ', '\t');
        if (indentation < 0) return true;
        line = line[indentation..];
        if (line[0] is '\n' or '`' or '~') return true;
        if (line[0] is '-' or '*' or '+') return line.Length > 1 && line[1] == ' ';
        var digits = line[..Math.Min(line.Length, 10)].IndexOfAnyExceptInRange('0', '9');
        return digits > 0 && line[digits] is '.' or ')';
    }

    private static bool IsEnd(ReadOnlySpan<char> text, int mark, int after)
    {
        if (after == text.Length) return true;
        // East Asian marks end a sentence without a space after them.
        if (text[mark] > '\u3000') return true;
        if (!char.IsWhiteSpace(text[after])) return false;
        // Far enough for the blanks between two sentences; past that it is an end anyway.
        var window = text.Slice(after, Math.Min(64, text.Length - after)).TrimStart();
        if (!window.IsEmpty && char.IsLower(window[0])) return false;
        return text[mark] != '.' || !IsAbbreviation(text[..mark]);
    }

    private static bool IsAbbreviation(ReadOnlySpan<char> before)
    {
        var length = 0;
        while (length < 8 && length < before.Length && char.IsLetter(before[^(length + 1)])) length++;
        var word = before[^length..];
        if (length == 0) return false;
        var first = before.Length > length ? before[^(length + 1)] : ' ';
        // Initials and letters set apart: "J. Smith", "e.g. Rust", "p. 5". "Plan B." at a sentence's end is the price.
        if (length == 1) return char.IsLower(word[0]) || first != '.';
        if (length >= 8) return false;
        foreach (var abbreviation in Abbreviations)
        {
            if (word.Equals(abbreviation, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}
