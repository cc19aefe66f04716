using System.Text;

namespace Matryoshka.Encoders.Tokenizers;

/// <summary>
/// The splits that byte-pair models of the GPT family use, by hand instead of by their regular expressions: these want
/// Unicode's classes of code points, and .NET's see UTF-16 units.
/// </summary>
/// <param name="First">The newer form (cl100k): any character but a line end leads a word, lines end with their break.</param>
/// <param name="MostDigits">Digits that one piece may have.</param>
internal sealed record GptWords(bool First, int MostDigits)
{
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Cl100KHead = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Cl100KTail = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static readonly GptWords Gpt2 = new(false, int.MaxValue);

    /// <summary>The splitter that a pattern of a tokenizer.json means; null for a pattern not known.</summary>
    public static GptWords? Of(string pattern) => pattern switch
    {
        Gpt2Pattern => Gpt2,
        Cl100KHead + @"\p{N}" + Cl100KTail => new GptWords(true, 1),
        Cl100KHead + @"\p{N}{1,3}" + Cl100KTail => new GptWords(true, 3),
        _ => null,
    };

    private enum Kind
    {
        Space, Letter, Number, Other, End,
    }

    /// <summary>The end of the piece that begins at <paramref name="start"/>; every character belongs to one.</summary>
    public int End(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && Contraction(text[(start + 1)..]) is > 0 and var suffix)
            return start + 1 + suffix;
        var kind = At(text, start, out var width);
        var next = start + width;
        if (First ? kind is Kind.Space or Kind.Other && text[start] is not ('\r' or '\n') : text[start] == ' ')
        {
            if (At(text, next, out _) == Kind.Letter)
                return Run(text, next, Kind.Letter, int.MaxValue);
        }
        switch (kind)
        {
            case Kind.Letter: return Run(text, start, Kind.Letter, int.MaxValue);
            case Kind.Number: return Run(text, start, Kind.Number, MostDigits);
            case Kind.Other: return Lines(text, Run(text, start, Kind.Other, int.MaxValue));
        }
        if (text[start] == ' ' && At(text, next, out _) is var after && (after == Kind.Other || (!First && after == Kind.Number)))
            return Lines(text, Run(text, next, after, int.MaxValue));
        return Spaces(text, start);
    }

    private int Lines(ReadOnlySpan<char> text, int end)
    {
        while (First && end < text.Length && text[end] is '\r' or '\n')
            end++;
        return end;
    }

    // White space goes up to its last line break if it has one; else all but its last character, which leads the next word.
    private int Spaces(ReadOnlySpan<char> text, int start)
    {
        var end = Run(text, start, Kind.Space, int.MaxValue);
        var lineEnd = First ? text[start..end].LastIndexOfAny('\r', '\n') : -1;
        if (lineEnd >= 0)
            return start + lineEnd + 1;
        return end == text.Length || end - start == 1 ? end : end - 1;
    }

    private int Contraction(ReadOnlySpan<char> rest)
    {
        foreach (var suffix in (ReadOnlySpan<string>)["s", "t", "re", "ve", "m", "ll", "d"])
            if (rest.StartsWith(suffix, First ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
                return suffix.Length;
        // The long s folds to s, and the library that runs these patterns folds as Unicode does.
        return First && rest is ['\u017F', ..] ? 1 : 0;
    }

    private static int Run(ReadOnlySpan<char> text, int start, Kind kind, int most)
    {
        var at = start;
        for (; most > 0 && At(text, at, out var width) == kind; most--)
            at += width;
        return at;
    }

    private static Kind At(ReadOnlySpan<char> text, int at, out int width)
    {
        width = 0;
        if (at >= text.Length)
            return Kind.End;
        Rune.DecodeFromUtf16(text[at..], out var rune, out width);
        return Rune.IsLetter(rune) ? Kind.Letter
            : Rune.IsNumber(rune) ? Kind.Number
            : Rune.IsWhiteSpace(rune) ? Kind.Space
            : Kind.Other;
    }
}
