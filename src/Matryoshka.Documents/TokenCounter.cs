namespace Matryoshka.Documents;

/// <summary>
/// Counts the tokens of a text, without special tokens. The splitter counts each sentence once and adds up, so counts must add up over
/// parts separated by whitespace, as those of WordPiece and of whitespace words do. It is called on one thread at a time.
/// </summary>
public delegate int TokenCounter(ReadOnlySpan<char> text);

/// <summary>Token counters that need no model.</summary>
public static class TokenCounters
{
    /// <summary>Counts words: runs of characters that are not whitespace.</summary>
    public static int Words(ReadOnlySpan<char> text)
    {
        var words = 0;
        var inWord = false;
        foreach (var character in text)
        {
            var isWord = !char.IsWhiteSpace(character);
            if (isWord && !inWord) words++;
            inWord = isWord;
        }
        return words;
    }
}
