using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Matryoshka.Storage;

/// <summary>
/// Text as the catalogue can hold it. SQLite stores UTF-8, which has no half of a surrogate pair: written as it is, such a
/// text would come back different and never be recognised as the one that is stored.
/// </summary>
internal static class WholeText
{
    /// <summary>The text with U+FFFD for every half of a pair; the same object when there is none.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text)
    {
        for (var at = 0; text is not null && (at = IndexOfSurrogate(text, at)) >= 0; at += 2)
            if (!char.IsHighSurrogate(text[at]) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return text;
    }

    private static int IndexOfSurrogate(string text, int from)
    {
        var found = from > text.Length ? -1 : text.AsSpan(from).IndexOfAnyInRange('\ud800', '\udfff');
        return found < 0 ? -1 : from + found;
    }
}
