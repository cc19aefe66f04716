namespace Matryoshka.Cli.Output;

/// <summary>The words of a query that are worth marking in a text.</summary>
internal sealed class QueryWords
{
    // Function words of English: marking them draws the eye to what decided nothing.
    private static readonly HashSet<string> Common = new(StringComparer.OrdinalIgnoreCase)
    {
        "the", "and", "for", "are", "was", "were", "with", "from", "that", "this", "what", "which", "who", "why", "how",
        "when", "where", "does", "did", "has", "have", "can", "not", "but", "you", "your", "its", "into", "about",
    };

    // An inflected form differs from its stem by a short ending: index, indexes, indexing.
    private const int LongestEnding = 3;
    private const int ShortestStem = 4;

    private readonly List<string> words = [];

    public QueryWords(string? query)
    {
        if (query is null)
            return;
        foreach (var (start, length) in Split(query))
        {
            var word = query.Substring(start, length);
            if (length > 2 && !Common.Contains(word) && !words.Contains(word, StringComparer.OrdinalIgnoreCase))
                words.Add(word);
        }
    }

    public bool IsEmpty => words.Count == 0;

    /// <summary>Which word of the query a word of a text is, or -1.</summary>
    public int Find(ReadOnlySpan<char> word)
    {
        for (var i = 0; i < words.Count; i++)
            if (IsSame(word, words[i]))
                return i;
        return -1;
    }

    /// <summary>Where the words of a text stand: runs of letters and digits.</summary>
    public static IEnumerable<(int Start, int Length)> Split(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inside = i < text.Length && (char.IsLetterOrDigit(text[i]) || char.IsSurrogate(text[i]));
            if (inside && start < 0)
                start = i;
            else if (!inside && start >= 0)
            {
                yield return (start, i - start);
                start = -1;
            }
        }
    }

    private static bool IsSame(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (a.Length > b.Length)
        {
            var shorter = b;
            b = a;
            a = shorter;
        }
        return b.Length == a.Length
            ? a.Equals(b, StringComparison.OrdinalIgnoreCase)
            : a.Length >= ShortestStem && b.Length <= a.Length + LongestEnding && b.StartsWith(a, StringComparison.OrdinalIgnoreCase);
    }
}
