using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Losses;

namespace Matryoshka.Training.Adapters;

/// <summary>What whole vectors say of a batch: for each query its nearest documents, weighed by the softmax of their cosines.</summary>
internal static unsafe class NeighbourTargets
{
    /// <param name="queries">m rows of unit length.</param>
    /// <param name="m">How many.</param>
    /// <param name="documents">n rows of unit length.</param>
    /// <param name="n">How many.</param>
    /// <param name="dimensions">Components of a row.</param>
    /// <param name="kept">Neighbours a query.</param>
    /// <param name="scale">What cosines are multiplied by.</param>
    /// <param name="work">Threads.</param>
    public static Targets Of(float* queries, int m, float* documents, int n, int dimensions, int kept, double scale, Work work)
    {
        var nearest = Nearest(queries, m, documents, n, dimensions, kept, _ => -1, work);
        var starts = new int[m + 1];
        var entries = new List<(int, float)>(m * kept);
        for (var i = 0; i < m; i++)
        {
            var sum = nearest[i].Sum(neighbour => Math.Exp(scale * (neighbour.Cosine - nearest[i][0].Cosine)));
            foreach (var (row, cosine) in nearest[i])
                entries.Add((row, (float)(Math.Exp(scale * (cosine - nearest[i][0].Cosine)) / sum)));
            starts[i + 1] = entries.Count;
        }
        return new Targets(starts, [.. entries]);
    }

    /// <summary>The documents of the largest dots with each query, best first, without the one that <paramref name="own"/> names.</summary>
    public static (int Row, float Cosine)[][] Nearest(float* queries, int m, float* documents, int n, int dimensions, int kept, Func<int, int> own, Work work)
    {
        var stride = (n + PanelMap.Width - 1) / PanelMap.Width * PanelMap.Width;
        using Block<float> transposed = new((long)stride * dimensions);
        work.ForEach(stride / PanelMap.Width, panel => Panels<float>.PackTransposed(documents, panel * PanelMap.Width, n, dimensions, transposed.Data + (nint)panel * dimensions * PanelMap.Width));
        var nearest = new (int, float)[m][];
        work.ForRanges(m, 48, (from, to) =>
        {
            using Block<float> dots = new((long)(to - from) * stride);
            for (var panel = 0; panel < stride / PanelMap.Width; panel++)
                Panels<float>.Product(queries + (nint)from * dimensions, dimensions, 1, to - from, transposed.Data + (nint)panel * dimensions * PanelMap.Width, dimensions, dots.Data + panel * PanelMap.Width, stride, add: false);
            for (var i = from; i < to; i++)
                nearest[i] = Best(new ReadOnlySpan<float>(dots.Data + (nint)(i - from) * stride, n), kept, own(i));
        });
        return nearest;
    }

    private static (int, float)[] Best(ReadOnlySpan<float> dots, int kept, int own)
    {
        var queue = new PriorityQueue<int, (float, int)>(kept + 1);
        for (var j = 0; j < dots.Length; j++)
        {
            if (j == own || queue.Count == kept && queue.TryPeek(out _, out var worst) && dots[j] <= worst.Item1)
                continue;
            queue.Enqueue(j, (dots[j], -j));
            if (queue.Count > kept)
                queue.Dequeue();
        }
        var best = new (int, float)[queue.Count];
        for (var i = best.Length - 1; i >= 0; i--)
        {
            var row = queue.Dequeue();
            best[i] = (row, dots[row]);
        }
        return best;
    }
}
