namespace Matryoshka.Training.Vocabularies;

/// <summary>
/// Trains a WordPiece vocabulary as the Hugging Face trainer does: begin with the characters, join the most frequent pair
/// of neighbours, again and again (byte-pair encoding, Sennrich et al., 2016); pieces inside a word begin with "##".
/// </summary>
internal static class VocabularyTrainer
{
    // A character rarer than this is left to the unknown token.
    private const int LeastCharacter = 5;

    /// <returns>At most <paramref name="size"/> pieces: the characters, then pieces in the order they were joined.</returns>
    public static List<string> Train(IReadOnlyList<(string Word, long Count)> words, int size)
    {
        var pieces = Characters(words, size);
        var known = pieces.ToDictionary(piece => piece, piece => 0, StringComparer.Ordinal);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var texts = new List<string>();
        int Id(string piece)
        {
            if (!ids.TryGetValue(piece, out var id))
            {
                ids[piece] = id = texts.Count;
                texts.Add(piece);
            }
            return id;
        }
        var spelled = new List<(int[] Pieces, long Count)>();
        foreach (var (word, count) in words)
        {
            var split = Split(word);
            if (split.All(known.ContainsKey))
                spelled.Add(([.. split.Select(Id)], count));
        }
        var merger = new PairMerger(spelled);
        while (pieces.Count < size && merger.Best() is var (left, right))
        {
            var joined = texts[left] + texts[right][2..];
            merger.Merge((left, right), Id(joined));
            if (known.TryAdd(joined, 0))
                pieces.Add(joined);
        }
        return pieces;
    }

    private static List<string> Characters(IReadOnlyList<(string Word, long Count)> words, int size)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (word, count) in words)
            foreach (var piece in Split(word))
                counts[piece] = counts.GetValueOrDefault(piece) + count;
        return [.. counts.Where(pair => pair.Value >= LeastCharacter).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key).Take(size)];
    }

    private static List<string> Split(string word)
    {
        var pieces = new List<string>();
        foreach (var rune in word.EnumerateRunes())
            pieces.Add(pieces.Count == 0 ? rune.ToString() : "##" + rune);
        return pieces;
    }
}

/// <summary>Words as lists of pieces, and how often each pair of neighbours stands in them.</summary>
internal sealed class PairMerger
{
    private readonly List<(int[] Pieces, long Count)> words;
    private readonly Dictionary<(int, int), long> counts = [];
    private readonly Dictionary<(int, int), HashSet<int>> places = [];

    // Entries go stale when a count changes; one that disagrees with the count is put back or dropped when it comes up.
    private readonly PriorityQueue<(int Left, int Right), (long, int, int)> queue = new();

    public PairMerger(List<(int[] Pieces, long Count)> words)
    {
        this.words = words;
        for (var word = 0; word < words.Count; word++)
            Change(word, +1);
        foreach (var (pair, count) in counts)
            queue.Enqueue(pair, (-count, pair.Item1, pair.Item2));
    }

    /// <summary>The most frequent pair, the earliest pieces first among equals; null when no two neighbours stand twice.</summary>
    public (int Left, int Right)? Best()
    {
        while (queue.TryDequeue(out var pair, out var priority))
        {
            var count = counts.GetValueOrDefault(pair);
            if (count == -priority.Item1 && count > 1)
                return pair;
            if (count > 1 && count < -priority.Item1)
                queue.Enqueue(pair, (-count, pair.Left, pair.Right));
        }
        return null;
    }

    public void Merge((int Left, int Right) pair, int joined)
    {
        var grown = new HashSet<(int, int)>();
        foreach (var word in places[pair].Order().ToArray())
        {
            Change(word, -1);
            var pieces = new List<int>();
            var old = words[word].Pieces;
            for (var i = 0; i < old.Length; i++)
                if (i + 1 < old.Length && (old[i], old[i + 1]) == pair)
                {
                    pieces.Add(joined);
                    i++;
                }
                else
                    pieces.Add(old[i]);
            words[word] = ([.. pieces], words[word].Count);
            Change(word, +1);
            for (var i = 0; i + 1 < pieces.Count; i++)
                if (pieces[i] == joined || pieces[i + 1] == joined)
                    grown.Add((pieces[i], pieces[i + 1]));
        }
        foreach (var next in grown)
            queue.Enqueue(next, (-counts.GetValueOrDefault(next), next.Item1, next.Item2));
    }

    private void Change(int word, int sign)
    {
        var (pieces, count) = words[word];
        for (var i = 0; i + 1 < pieces.Length; i++)
        {
            var pair = (pieces[i], pieces[i + 1]);
            counts[pair] = counts.GetValueOrDefault(pair) + sign * count;
            if (!places.TryGetValue(pair, out var set))
                places[pair] = set = [];
            if (sign > 0)
                set.Add(word);
            else
                set.Remove(word);
        }
    }
}
