using System.Globalization;

namespace Matryoshka.Cli.Files;

/// <summary>Reads the few Python literals a NumPy header consists of, and nothing else.</summary>
internal sealed class PythonLiteral(string text, string name)
{
    // More axes than NumPy allows.
    private const int MostNumbers = 64;

    private int at;

    public bool TryTake(char expected)
    {
        SkipSpace();
        if (at >= text.Length || text[at] != expected)
            return false;
        at++;
        return true;
    }

    public void Expect(char expected)
    {
        if (!TryTake(expected))
            throw Malformed($"'{expected}'");
    }

    public void ExpectEnd()
    {
        SkipSpace();
        if (at < text.Length)
            throw Malformed("its end");
    }

    public string Text() => TextOrNull() ?? throw Malformed("a text in quotes");

    /// <summary>A text in quotes, or null when something else begins here.</summary>
    public string? TextOrNull()
    {
        SkipSpace();
        if (at >= text.Length || text[at] is not ('\'' or '"'))
            return null;
        var close = text.IndexOf(text[at], at + 1);
        if (close < 0)
            throw Malformed("a closing quote");
        var value = text[(at + 1)..close];
        at = close + 1;
        return value;
    }

    public bool Boolean() => TryWord("True") || (TryWord("False") ? false : throw Malformed("True or False"));

    public List<long> Tuple()
    {
        var numbers = new List<long>();
        Expect('(');
        while (!TryTake(')'))
        {
            numbers.Add(Number());
            if (numbers.Count > MostNumbers)
                throw Malformed("a shorter tuple");
            if (!TryTake(','))
            {
                Expect(')');
                break;
            }
        }
        return numbers;
    }

    private long Number()
    {
        SkipSpace();
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (!long.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            at = start;
            throw Malformed("a number of 0 or more that fits 63 bits");
        }
        // Python 2 wrote long integers so.
        if (at < text.Length && text[at] == 'L')
            at++;
        return number;
    }

    private bool TryWord(string word)
    {
        SkipSpace();
        if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            return false;
        at += word.Length;
        return true;
    }

    private void SkipSpace()
    {
        while (at < text.Length && text[at] is (' ' or '\n' or '\t' or '\r'))
            at++;
    }

    private InvalidFormatException Malformed(string expected) =>
        new($"The header of '{name}' is not that of a NumPy array: {expected} was expected at character {at + 1}.");
}
