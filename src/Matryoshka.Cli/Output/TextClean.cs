using System.Text;

namespace Matryoshka.Cli.Output;

/// <summary>
/// Makes stored text safe to print: documents may hold escape sequences, and a terminal would obey them.
/// </summary>
internal static class TextClean
{
    /// <summary>The text on one line: every run of white space and control characters becomes one space.</summary>
    public static string OneLine(string text)
    {
        var clean = new StringBuilder(text.Length);
        var gap = false;
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c))
            {
                gap = clean.Length > 0;
                continue;
            }
            if (gap)
                clean.Append(' ');
            gap = false;
            clean.Append(c);
        }
        return clean.ToString();
    }

    /// <summary>The text with its line breaks and tabs but without any other control character.</summary>
    public static string Lines(string text)
    {
        var first = 0;
        while (first < text.Length && !IsUnprintable(text[first]))
            first++;
        if (first == text.Length)
            return text;
        var clean = new StringBuilder(text.Length).Append(text, 0, first);
        for (var i = first; i < text.Length; i++)
            if (!IsUnprintable(text[i]))
                clean.Append(text[i]);
        return clean.ToString();
    }

    private static bool IsUnprintable(char c) => char.IsControl(c) && c is not ('\n' or '\t');
}
