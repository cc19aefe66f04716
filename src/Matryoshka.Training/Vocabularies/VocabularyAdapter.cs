using System.Text;

namespace Matryoshka.Training.Vocabularies;

/// <summary>
/// A vocabulary of the same size for the texts at hand: pieces that they do not need (reserved ones, other scripts) give their
/// places to the most frequent words that were spelled in several pieces.
/// </summary>
internal static class VocabularyAdapter
{
    // Shorter words are abbreviations that mean something else in every text.
    private const int ShortestWord = 4;

    // Letters of other scripts stay where texts use them as signs (alpha, beta, mu).
    private const int FrequentCharacter = 50;

    /// <param name="pieces">The vocabulary, in the order of ids.</param>
    /// <param name="words">The words of the texts, and how often they stand there.</param>
    public static List<string> Adapt(IReadOnlyList<string> pieces, IReadOnlyList<(string Word, long Count)> words)
    {
        var characters = Characters(words);
        var kept = pieces.Where(piece => Ascii.IsValid(piece) ? !piece.StartsWith("[unused", StringComparison.Ordinal)
            : characters.GetValueOrDefault(piece.StartsWith("##", StringComparison.Ordinal) ? piece[2..] : piece) >= FrequentCharacter).ToList();
        var known = kept.ToHashSet(StringComparer.Ordinal);
        var frequent = words.Where(pair => pair.Word.Length >= ShortestWord && pair.Word.All(char.IsAsciiLetterLower) && !known.Contains(pair.Word))
            .OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Word, StringComparer.Ordinal);
        kept.AddRange(frequent.Take(pieces.Count - kept.Count).Select(pair => pair.Word));
        return kept;
    }

    private static Dictionary<string, long> Characters(IReadOnlyList<(string Word, long Count)> words)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (word, count) in words)
            if (!Ascii.IsValid(word))
                foreach (var rune in word.EnumerateRunes())
                    counts[rune.ToString()] = counts.GetValueOrDefault(rune.ToString()) + count;
        return counts;
    }
}
