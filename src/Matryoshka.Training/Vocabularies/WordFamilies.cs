using System.Text.Json.Nodes;

namespace Matryoshka.Training.Vocabularies;

/// <summary>Which tokens are words of one stem.</summary>
internal static class WordFamilies
{
    /// <returns>Of each token the number of its family: the first token whose stem it shares, itself where it stands alone.</returns>
    public static int[] Of(byte[] tokenizerJson, int tokens)
    {
        var families = Enumerable.Range(0, tokens).ToArray();
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        // Pieces inside of words are in no family: what they belong to is decided by the piece before.
        foreach (var (piece, number) in JsonNode.Parse(tokenizerJson)!["model"]!["vocab"]!.AsObject().Select(pair => (pair.Key, Id: pair.Value!.GetValue<int>())).OrderBy(pair => pair.Id))
            if (!piece.StartsWith("##", StringComparison.Ordinal) && !first.TryAdd(PorterStemmer.Stem(piece), number))
                families[number] = first[PorterStemmer.Stem(piece)];
        return families;
    }
}
