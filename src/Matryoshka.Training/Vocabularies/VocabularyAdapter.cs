using System.Text;

namespace Matryoshka.Training.Vocabularies;

/// <summary>
/// A vocabulary of the same size for the texts at hand: pieces that English texts do not need (reserved ones, other scripts)
/// give their places to the most frequent words that were spelled in several pieces.
/// </summary>
internal static class VocabularyAdapter
{
    // Shorter words are abbreviations that mean something else in every text.
    private const int ShortestWord = 4;

    /// <param name="pieces">The vocabulary, in the order of ids.</param>
    /// <param name="words">The words of the texts, and how often they stand there.</param>
    public static List<string> Adapt(IReadOnlyList<string> pieces, IEnumerable<(string Word, long Count)> words)
    {
        var kept = pieces.Where(piece => Ascii.IsValid(piece) && !piece.StartsWith("[unused", StringComparison.Ordinal)).ToList();
        var known = kept.ToHashSet(StringComparer.Ordinal);
        var frequent = words.Where(pair => pair.Word.Length >= ShortestWord && pair.Word.All(char.IsAsciiLetterLower) && !known.Contains(pair.Word))
            .OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Word, StringComparer.Ordinal);
        kept.AddRange(frequent.Take(pieces.Count - kept.Count).Select(pair => pair.Word));
        return kept;
    }
}
