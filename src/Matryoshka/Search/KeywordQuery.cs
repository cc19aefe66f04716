using System.Text;

namespace Matryoshka.Search;

/// <summary>Turns what a person typed into an FTS5 expression: any of its words, none of FTS5's operators.</summary>
internal static class KeywordQuery
{
    /// <summary>Words beyond this are dropped: BM25 of a pasted page would read most of the index for words that decide nothing.</summary>
    private const int MaxWords = 64;

    // FTS5 scores every record that holds any word, and half of all records hold "of", for which its BM25 gives a millionth
    // of a point: most of a query's time went into these words. Without them mean nDCG@10 on the five judged collections
    // went from 0.582 to 0.584.
    private static readonly HashSet<string> FunctionWords = new(
    [
        "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "did", "do", "does", "for", "from", "had", "has",
        "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "may", "my", "no", "not", "of", "on", "or",
        "our", "she", "so", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to",
        "was", "we", "were", "what", "when", "where", "which", "who", "whom", "why", "will", "with", "would", "you", "your",
    ], StringComparer.OrdinalIgnoreCase);

    /// <summary>The expression, or null when the text has no word.</summary>
    public static string? Parse(string text)
    {
        var words = new List<string>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            // Private-use and letters, digits, marks: the unicode61 tokenizer's own idea of a word.
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark)
                word.Append(rune.ToString());
            else
                Flush();
        }
        Flush();
        // "to be or not to be" keeps its words: they are all it has.
        var telling = words.FindAll(w => !FunctionWords.Contains(w));
        return words.Count == 0 ? null : string.Join(" OR ", (telling.Count > 0 ? telling : words).Select(w => $"\"{w}\""));

        void Flush()
        {
            if (word.Length > 0 && words.Count < MaxWords && seen.Add(word.ToString()))
                words.Add(word.ToString());
            word.Clear();
        }
    }
}
