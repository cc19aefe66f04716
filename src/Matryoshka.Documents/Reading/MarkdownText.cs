using System.Buffers;
using System.Text;

namespace Matryoshka.Documents.Reading;

/// <summary>Takes the markup off a heading, so that heading paths read as text.</summary>
internal static class MarkdownText
{
    private static readonly SearchValues<char> Markup = SearchValues.Create("`*_[]!<\\\n");

    public static string Strip(ReadOnlySpan<char> markup)
    {
        if (!markup.ContainsAny(Markup)) return markup.ToString();
        var text = new StringBuilder(markup.Length);
        for (var i = 0; i < markup.Length; i++)
        {
            switch (markup[i])
            {
                case '\\' when i + 1 < markup.Length && char.IsPunctuation(markup[i + 1]):
                    text.Append(markup[++i]);
                    break;
                case '`' or '*' or '[':
                    break;
                // An underscore inside a word belongs to the name: snake_case.
                case '_' when i == 0 || i + 1 == markup.Length || !char.IsLetterOrDigit(markup[i - 1]) || !char.IsLetterOrDigit(markup[i + 1]):
                    break;
                case '!' when i + 1 < markup.Length && markup[i + 1] == '[':
                    break;
                case ']':
                    i = SkipTarget(markup, i);
                    break;
                case '<' when TagEnd(markup, i) is > 0 and var end:
                    i = end;
                    break;
                case '\n':
                    text.Append(' ');
                    break;
                default:
                    text.Append(markup[i]);
                    break;
            }
        }
        return text.ToString().Trim();
    }

    /// <summary>The end of the (target) or [label] after a link's text; the bracket itself when there is none.</summary>
    private static int SkipTarget(ReadOnlySpan<char> markup, int bracket)
    {
        if (bracket + 1 >= markup.Length || markup[bracket + 1] is not ('(' or '[')) return bracket;
        var close = markup[(bracket + 1)..].IndexOf(markup[bracket + 1] == '(' ? ')' : ']');
        return close < 0 ? bracket : bracket + 1 + close;
    }

    /// <summary>Where an HTML tag ends; 0 when the sign is only a sign, as in "a &lt; b" or "List&lt;T&gt;".</summary>
    private static int TagEnd(ReadOnlySpan<char> markup, int start)
    {
        if (start > 0 && char.IsLetterOrDigit(markup[start - 1])) return 0;
        var close = markup[start..].IndexOf('>');
        return close > 1 && start + 1 < markup.Length && (char.IsAsciiLetter(markup[start + 1]) || markup[start + 1] == '/') ? start + close : 0;
    }
}
