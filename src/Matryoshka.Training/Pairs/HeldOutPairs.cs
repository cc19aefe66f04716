using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Measuring;
using Matryoshka.Training.Tables;

namespace Matryoshka.Training.Pairs;

/// <summary>Pairs that are not trained on: each short text seeks its long one among all of its source that are held out.</summary>
internal sealed class HeldOutPairs
{
    private const int Share = 50;

    private readonly List<(PairSource Source, int[] Pairs)> heldOut = [];

    /// <summary>Of each source, what may be trained on.</summary>
    public List<int[]> Trained { get; } = [];

    public static HeldOutPairs Split(IReadOnlyList<PairSource> sources, int most, long seed)
    {
        var split = new HeldOutPairs();
        foreach (var source in sources)
        {
            var count = Math.Min(most, source.Count / Share);
            var held = new HashSet<int>();
            var draw = new Draw(seed, source.Count, purpose: 5);
            while (held.Count < count)
                held.Add(draw.Below(source.Count));
            // A text that is also held out elsewhere in the source would be trained on under another number.
            var texts = held.Select(pair => source.Hashes[pair].B).ToHashSet();
            split.Trained.Add([.. Enumerable.Range(0, source.Count).Where(pair => !held.Contains(pair) && !texts.Contains(source.Hashes[pair].B))]);
            if (split.Trained[^1].Length == 0)
                throw new TrainingException($"'{source.Name}' has nothing to train on: its {source.Count} pairs share their long texts.");
            if (held.Count > 1 && !source.IsGraded)
                split.heldOut.Add((source, [.. held.Order()]));
        }
        return split;
    }

    /// <summary>Mean nDCG@10 at each nested dimension, every source counting alike; empty when nothing is held out.</summary>
    public double[] Measure(TokenTable table, IReadOnlyList<int> dimensions, Work work)
    {
        var sums = new double[dimensions.Count];
        foreach (var (source, pairs) in heldOut)
        {
            using var queries = Pool(table, source.A, pairs, work);
            using var documents = Pool(table, source.B, pairs, work);
            var same = Enumerable.Range(0, pairs.Length).ToLookup(i => source.Hashes[pairs[i]].B);
            var judged = pairs.Select(pair => (IReadOnlyDictionary<int, int>)same[source.Hashes[pair].B].ToDictionary(i => i, _ => 1)).ToArray();
            var (ndcg, _) = PrefixQuality.Measure(queries, documents, table.Dimensions, judged, dimensions, work);
            for (var p = 0; p < sums.Length; p++)
                sums[p] += ndcg[p].Average() / heldOut.Count;
        }
        return heldOut.Count > 0 ? sums : [];
    }

    private static Block<float> Pool(TokenTable table, TokenLists texts, int[] pairs, Work work)
    {
        var vectors = new Block<float>((long)pairs.Length * table.Dimensions);
        work.ForRanges(pairs.Length, 64, (from, to) =>
        {
            for (var i = from; i < to; i++)
                table.Sum(texts[pairs[i]], vectors.Slice((long)i * table.Dimensions, table.Dimensions));
        });
        return vectors;
    }
}
