using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Measuring;

/// <summary>
/// Judged quality of vectors by exact search at each prefix: nDCG@10 with graded gains (Järvelin and Kekäläinen, 2002)
/// and recall@100. Every prefix continues the dots of the one before.
/// </summary>
internal static unsafe class PrefixQuality
{
    private const int BlockRows = 48;
    private const int Depth = 100;

    /// <param name="queries">Rows of all components.</param>
    /// <param name="documents">Rows of all components.</param>
    /// <param name="dimensions">Components of a row.</param>
    /// <param name="judged">Of each query, document and grade; a grade of 0 is not relevant.</param>
    /// <param name="prefixes">Ascending.</param>
    /// <param name="work">Threads.</param>
    /// <returns>Of each prefix, one value a query.</returns>
    public static (double[][] Ndcg, double[][] Recall) Measure(
        Block<float> queries, Block<float> documents, int dimensions, IReadOnlyList<IReadOnlyDictionary<int, int>> judged, IReadOnlyList<int> prefixes, Work work)
    {
        var count = (int)(documents.Length / dimensions);
        var stride = (count + PanelMap.Width - 1) / PanelMap.Width * PanelMap.Width;
        using var transposed = new Block<float>((long)stride * dimensions);
        work.ForEach(stride / PanelMap.Width, panel =>
            Panels<float>.PackTransposed(documents.Data, panel * PanelMap.Width, count, dimensions, transposed.Data + (nint)panel * dimensions * PanelMap.Width));
        var inverse = InverseNorms(documents, count, dimensions, prefixes);
        var ndcg = prefixes.Select(_ => new double[judged.Count]).ToArray();
        var recall = prefixes.Select(_ => new double[judged.Count]).ToArray();
        work.ForRanges(judged.Count, BlockRows, (from, to) =>
        {
            using var dots = new Block<float>((long)(to - from) * stride);
            for (int p = 0, start = 0; p < prefixes.Count; start = prefixes[p++])
            {
                for (var panel = 0; panel < stride / PanelMap.Width; panel++)
                    Panels<float>.Product(queries.Data + (nint)from * dimensions + start, dimensions, 1, to - from,
                        transposed.Data + ((nint)panel * dimensions + start) * PanelMap.Width, prefixes[p] - start, dots.Data + panel * PanelMap.Width, stride, add: p > 0);
                for (var i = from; i < to; i++)
                {
                    var best = Best(new ReadOnlySpan<float>(dots.Data + (nint)(i - from) * stride, count), inverse[p]);
                    ndcg[p][i] = Ndcg(best, judged[i]);
                    recall[p][i] = (double)best.Count(document => judged[i].GetValueOrDefault(document) > 0) / Math.Max(1, judged[i].Values.Count(grade => grade > 0));
                }
            }
        });
        return (ndcg, recall);
    }

    private static float[][] InverseNorms(Block<float> rows, int count, int dimensions, IReadOnlyList<int> prefixes)
    {
        var inverse = prefixes.Select(_ => new float[count]).ToArray();
        for (var i = 0; i < count; i++)
        {
            var squares = 0f;
            for (int p = 0, start = 0; p < prefixes.Count; start = prefixes[p++])
            {
                var row = rows.Data + (nint)i * dimensions + start;
                squares += Wide<float>.Dot(row, row, prefixes[p] - start);
                inverse[p][i] = squares > 0 ? 1 / MathF.Sqrt(squares) : 0;
            }
        }
        return inverse;
    }

    // Ties go to the earlier document.
    private static List<int> Best(ReadOnlySpan<float> dots, float[] inverse)
    {
        var queue = new PriorityQueue<int, (float, int)>(Depth + 1);
        var worst = float.NegativeInfinity;
        for (var j = 0; j < dots.Length; j++)
        {
            var score = dots[j] * inverse[j];
            if (score <= worst && queue.Count == Depth)
                continue;
            queue.Enqueue(j, (score, -j));
            if (queue.Count > Depth)
                queue.Dequeue();
            if (queue.Count == Depth && queue.TryPeek(out _, out var last))
                worst = last.Item1;
        }
        var best = new List<int>(queue.Count);
        while (queue.TryDequeue(out var document, out _))
            best.Add(document);
        best.Reverse();
        return best;
    }

    private static double Ndcg(List<int> best, IReadOnlyDictionary<int, int> judged)
    {
        static double Gain(int grade, int rank) => grade / Math.Log2(rank + 2);
        double gain = 0, ideal = 0;
        for (var rank = 0; rank < Math.Min(10, best.Count); rank++)
            gain += Gain(judged.GetValueOrDefault(best[rank]), rank);
        var i = 0;
        foreach (var grade in judged.Values.Where(grade => grade > 0).OrderDescending().Take(10))
            ideal += Gain(grade, i++);
        return ideal > 0 ? gain / ideal : 0;
    }
}
