using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Losses;

/// <summary>
/// Soft targets from BM25 (k1 1.2, b 0.75) within a batch: beside its own document a query should find those that share
/// its rare words, in proportion to the softmax of their scores. It hands the few rows of a static model what keyword search knows.
/// </summary>
/// <param name="idf">Inverse document frequency of each token.</param>
/// <param name="share">What the teacher's softmax gets of each row; the rest is the own document's.</param>
/// <param name="temperature">What scores are divided by.</param>
internal sealed class KeywordTeacher(float[] idf, double share, double temperature)
{
    private const double K1 = 1.2, B = 0.75;
    private const int Kept = 16;

    private readonly int[] postingStarts = new int[idf.Length + 1];

    /// <param name="batch">The texts: queries first, then documents.</param>
    /// <param name="queries">How many are queries.</param>
    public Targets Aim(TextBatch batch, int queries)
    {
        var documents = batch.Count - queries;
        var average = Math.Max(1, Enumerable.Range(queries, documents).Average(text => (double)batch[text].Length));
        var (postings, weights) = Postings(batch, queries, average);
        var scores = new double[documents];
        var (starts, entries) = (new int[queries + 1], new List<(int, float)>(queries * 4));
        for (var i = 0; i < queries; i++)
        {
            Array.Clear(scores);
            foreach (var token in batch[i])
                for (var p = postingStarts[token]; p < postingStarts[token + 1]; p++)
                    scores[postings[p]] += weights[p];
            AddRow(scores, i, entries);
            starts[i + 1] = entries.Count;
        }
        return new Targets(starts, [.. entries]);
    }

    private (int[] Documents, float[] Weights) Postings(TextBatch batch, int queries, double average)
    {
        var documents = batch.Count - queries;
        var counted = new Dictionary<int, int>[documents];
        Array.Clear(postingStarts);
        for (var j = 0; j < documents; j++)
        {
            var counts = counted[j] = [];
            foreach (var token in batch[queries + j])
                counts[token] = counts.GetValueOrDefault(token) + 1;
            foreach (var token in counts.Keys)
                postingStarts[token + 1]++;
        }
        for (var token = 0; token < idf.Length; token++)
            postingStarts[token + 1] += postingStarts[token];
        var next = postingStarts.AsSpan(0, idf.Length).ToArray();
        var (places, weights) = (new int[postingStarts[^1]], new float[postingStarts[^1]]);
        for (var j = 0; j < documents; j++)
        {
            var norm = K1 * (1 - B + B * batch[queries + j].Length / average);
            foreach (var (token, count) in counted[j])
            {
                places[next[token]] = j;
                weights[next[token]++] = (float)(idf[token] * count * (K1 + 1) / (count + norm));
            }
        }
        return (places, weights);
    }

    private void AddRow(double[] scores, int own, List<(int, float)> entries)
    {
        var best = new PriorityQueue<int, double>(Kept + 1);
        var worst = 0.0;
        for (var j = 0; j < scores.Length; j++)
            if (scores[j] > worst)
            {
                best.Enqueue(j, scores[j]);
                if (best.Count > Kept)
                {
                    best.Dequeue();
                    best.TryPeek(out _, out worst);
                }
            }
        var kept = best.UnorderedItems.Select(item => item.Element).Order().ToList();
        var most = kept.Count > 0 ? kept.Max(j => scores[j]) : 0;
        var sum = kept.Sum(j => Math.Exp((scores[j] - most) / temperature));
        var rest = kept.Count > 0 ? 1 - share : 1;
        if (!kept.Contains(own))
            kept.Add(own);
        foreach (var j in kept)
        {
            var taught = sum > 0 && scores[j] > 0 ? share * Math.Exp((scores[j] - most) / temperature) / sum : 0;
            entries.Add((j, (float)(taught + (j == own ? rest : 0))));
        }
    }
}
