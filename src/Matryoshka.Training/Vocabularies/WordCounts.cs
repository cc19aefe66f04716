using System.Text;
using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Vocabularies;

/// <summary>How often each word stands in the pairs, as a tokenizer cuts texts into words.</summary>
internal static class WordCounts
{
    // A word that stands once teaches a vocabulary nothing.
    private const int Least = 2;
    private const int Chunk = 4096;

    public static List<(string Word, long Count)> Of(StaticTrainingOptions options, WordPieceTokenizer tokenizer, Work work, CancellationToken cancellationToken)
    {
        var words = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var file in options.Pairs)
            foreach (var pairs in PairFile.Read(file, options.SkipBadPairs ? PassOver : null).Chunk(Chunk))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var counted = new Dictionary<string, long>[work.Threads];
                work.ForEach(work.Threads, part =>
                {
                    var counts = counted[part] = new(StringComparer.Ordinal);
                    for (var i = part; i < pairs.Length; i += work.Threads)
                    {
                        Count(tokenizer, pairs[i].A, counts);
                        Count(tokenizer, pairs[i].B, counts);
                    }
                });
                foreach (var counts in counted)
                    foreach (var (word, count) in counts)
                        words[word] = words.GetValueOrDefault(word) + count;
            }
        return [.. words.Where(pair => pair.Value >= Least).Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal)];
    }

    // Bad lines are told when the pairs themselves are read.
    private static void PassOver(BadPair bad) => _ = bad;

    // Tokens that touch make up a word, but punctuation is a word of its own. The tokenizer's normaliser lowers and strips;
    // here its places in the text are used, so both are done again in the way that BERT's uncased models need.
    private static void Count(WordPieceTokenizer tokenizer, string text, Dictionary<string, long> counts)
    {
        var spans = new List<TokenSpan>();
        tokenizer.Tokenize(text, spans);
        for (var i = 0; i < spans.Count;)
        {
            var (start, end) = (spans[i].Start, spans[i].Start + spans[i].Length);
            var joined = char.IsLetterOrDigit(text[start]);
            for (i++; i < spans.Count && joined && spans[i].Start == end && char.IsLetterOrDigit(text[spans[i].Start]); i++)
                end = spans[i].Start + spans[i].Length;
            var word = Normalise(text.AsSpan(start, end - start));
            if (word.Length > 0)
                counts[word] = counts.GetValueOrDefault(word) + 1;
        }
    }

    private static string Normalise(ReadOnlySpan<char> word)
    {
        var lower = word.ToString().ToLowerInvariant();
        if (Ascii.IsValid(lower))
            return lower;
        var bare = new StringBuilder();
        foreach (var c in lower.Normalize(NormalizationForm.FormD))
            if (char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.NonSpacingMark)
                bare.Append(c);
        return bare.ToString();
    }
}
