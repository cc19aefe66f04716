using Matryoshka.Encoders;

namespace Matryoshka.Training.Pairs;

/// <summary>Reads files of pairs into tokens, several texts at once.</summary>
internal static class PairLoader
{
    private const int Chunk = 4096;

    // A pair at least needs both sides to have a direction.
    public static PairSource Load(string path, WordPieceTokenizer tokenizer, int maxTokens, bool skipBad, Action<BadPair>? onBad, int threads, CancellationToken cancellationToken)
    {
        var source = new PairSource(SourceName(path));
        long skipped = 0;
        BadPair? first = null;
        void Skip(BadPair bad)
        {
            first ??= bad;
            skipped++;
            onBad?.Invoke(bad);
        }
        foreach (var pairs in PairFile.Read(path, skipBad ? Skip : null).Chunk(Chunk))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tokens = new (int[] A, int[] B)[pairs.Length];
            Parallel.For(0, pairs.Length, new ParallelOptions { MaxDegreeOfParallelism = threads },
                i => tokens[i] = (Tokens(tokenizer, pairs[i].A, maxTokens), Tokens(tokenizer, pairs[i].B, maxTokens)));
            for (var i = 0; i < pairs.Length; i++)
                if (tokens[i].A.Length > 0 && tokens[i].B.Length > 0)
                    source.Add(tokens[i].A, tokens[i].B, pairs[i].Score);
        }
        if (source.Count == 0)
            throw new TrainingException($"'{path}' holds no usable pair{(first is null ? ": it is empty" : $": of {skipped} lines the first, {first.Line}, {first.Problem}")}. Leave it out, or give lines like {{\"a\": \"short text\", \"b\": \"long text\"}}.");
        if (source.IsGraded && source.Scores.Count != source.Count)
            throw new TrainingException($"'{path}' grades {source.Scores.Count} of its {source.Count} pairs; give every pair a 'score', or none.");
        return source;
    }

    public static int[] Tokens(WordPieceTokenizer tokenizer, string text, int maxTokens)
    {
        var buffer = TokenBuffer.OfThread;
        tokenizer.Tokenize(text, buffer, maxTokens, keepUnknown: false);
        return buffer.Tokens.ToArray();
    }

    private static string SourceName(string path)
    {
        var name = Path.GetFileName(path);
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 ? name[..dot] : name;
    }
}
