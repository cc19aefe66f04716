using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Pairs;

/// <summary>
/// For each pair a few other long texts of its source that BM25 takes for good answers: like the right one, and wrong.
/// Words that stand in too many texts are left out, which costs nothing in rank and most of the time.
/// </summary>
internal sealed class HardNegatives
{
    private const double K1 = 1.2, B = 0.75;
    private const int Kept = 8;
    private const int MostPostings = 2000;

    // The very best are often as right as the right one.
    private const int Passed = 1;

    private readonly Dictionary<PairSource, int[]> mined = [];

    public HardNegatives(IReadOnlyList<PairSource> sources, float[] idf, Work work, Action<long>? progress, CancellationToken cancellationToken)
    {
        long done = 0;
        foreach (var source in sources)
        {
            if (source.IsGraded)
                continue;
            mined[source] = Mine(source, idf, work, cancellationToken);
            progress?.Invoke(done += source.Count);
        }
    }

    /// <summary>The texts mined for a pair, -1 where there are fewer.</summary>
    public ReadOnlySpan<int> Of(PairSource source, int pair) => mined[source].AsSpan(pair * Kept, Kept);

    /// <summary>Adds a drawn negative for pairs chosen evenly over the batch, as many as asked for; none whose text is in the batch already.</summary>
    public void Add(List<(PairSource Source, int Pair)> pairs, int count, Draw draw, TextBatch batch)
    {
        var seen = pairs.Select(pair => pair.Source.Hashes[pair.Pair].B).ToHashSet();
        for (var i = 0; i < Math.Min(count, pairs.Count); i++)
        {
            var (source, pair) = pairs[(int)((long)i * pairs.Count / Math.Min(count, pairs.Count))];
            var negative = Of(source, pair)[draw.Below(Kept)];
            if (negative >= 0 && seen.Add(source.Hashes[negative].B))
                batch.Add(source.B[negative]);
        }
    }

    private static int[] Mine(PairSource source, float[] idf, Work work, CancellationToken cancellationToken)
    {
        var (starts, postings) = Index(source, idf.Length);
        var average = (double)source.B.TokenCount / source.Count;
        var kept = new int[source.Count * Kept];
        work.ForRanges(source.Count, 1024, (from, to) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var scores = new float[source.Count];
            var touched = new List<int>();
            for (var pair = from; pair < to; pair++)
            {
                foreach (var token in source.A[pair])
                    if (starts[token + 1] - starts[token] <= MostPostings)
                        foreach (var (text, count) in postings.AsSpan(starts[token]..starts[token + 1]))
                        {
                            if (scores[text] == 0)
                                touched.Add(text);
                            scores[text] += (float)(idf[token] * count * (K1 + 1) / (count + K1 * (1 - B + B * source.B.LengthOf(text) / average)));
                        }
                Best(source, pair, scores, touched, kept.AsSpan(pair * Kept, Kept));
                foreach (var text in touched)
                    scores[text] = 0;
                touched.Clear();
            }
        });
        return kept;
    }

    private static void Best(PairSource source, int pair, float[] scores, List<int> touched, Span<int> kept)
    {
        kept.Fill(-1);
        var own = source.Hashes[pair];
        var queue = new PriorityQueue<int, (float, int)>();
        foreach (var text in touched)
        {
            if (text == pair || source.Hashes[text].B == own.B || source.Hashes[text].A == own.A)
                continue;
            queue.Enqueue(text, (scores[text], -text));
            if (queue.Count > Kept + Passed)
                queue.Dequeue();
        }
        for (var i = Math.Min(Kept, queue.Count - Passed) - 1; i >= 0; i--)
            kept[i] = queue.Dequeue();
    }

    private static (int[] Starts, (int Text, int Count)[] Postings) Index(PairSource source, int vocabulary)
    {
        var starts = new int[vocabulary + 1];
        var counts = new Dictionary<int, int>();
        ForEach((text, token, count) => starts[token + 1]++);
        for (var token = 0; token < vocabulary; token++)
            starts[token + 1] += starts[token];
        var next = starts.AsSpan(0, vocabulary).ToArray();
        var postings = new (int, int)[starts[^1]];
        ForEach((text, token, count) => postings[next[token]++] = (text, count));
        return (starts, postings);

        void ForEach(Action<int, int, int> each)
        {
            for (var text = 0; text < source.Count; text++)
            {
                counts.Clear();
                foreach (var token in source.B[text])
                    counts[token] = counts.GetValueOrDefault(token) + 1;
                foreach (var (token, count) in counts)
                    each(text, token, count);
            }
        }
    }
}
