using System.Runtime.ExceptionServices;
using Matryoshka.Kernels;

namespace Matryoshka.Lists;

/// <summary>
/// Spherical k-means: Dhillon and Modha, "Concept decompositions for large sparse text data using clustering" (2001). The
/// same rows and seed give the same centroids on any number of threads.
/// </summary>
internal static unsafe class Clustering
{
    /// <summary>Rows compared with all centroids at once.</summary>
    public const int Block = 64;

    /// <summary>Moves centroids, which start as rows of the sample, to the middle of the rows nearest to them.</summary>
    /// <param name="sample">Unit vectors, back to back.</param>
    /// <param name="rows">How many; at least as many as lists.</param>
    /// <param name="centroids">Room for lists x dimensions.</param>
    /// <param name="lists">How many centroids.</param>
    /// <param name="dimensions">Components of a vector.</param>
    /// <param name="iterations">Rounds.</param>
    /// <param name="threads">Threads to work with.</param>
    /// <param name="progress">Told how many rows have been compared with all centroids, over all rounds; from any thread.</param>
    /// <param name="cancellationToken">Ends the work within a block of rows.</param>
    public static void Run(float* sample, int rows, float* centroids, int lists, int dimensions, int iterations, int threads, Action<long> progress, CancellationToken cancellationToken)
    {
        for (var list = 0; list < lists; list++)
            Row(sample, (long)list * rows / lists, dimensions).CopyTo(Row(centroids, list, dimensions));
        var nearest = new int[rows];
        long done = 0;
        for (var round = 0; round < iterations; round++)
        {
            ForBlocks(rows, threads, lists, (first, count, scores) =>
            {
                fixed (float* products = scores)
                    KernelSet.Current.Products(sample + (long)first * dimensions, count, centroids, lists, dimensions, products);
                for (var i = 0; i < count; i++)
                    nearest[first + i] = Largest(scores.AsSpan(i * lists, lists));
                progress(Interlocked.Add(ref done, count));
            }, cancellationToken);
            Move(sample, nearest, centroids, lists, dimensions);
        }
    }

    /// <summary>Runs a body over blocks of rows on several threads, each with room for a block's scores.</summary>
    public static void ForBlocks(int rows, int threads, int lists, Action<int, int, float[]> body, CancellationToken cancellationToken)
    {
        var blocks = (rows + Block - 1) / Block;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, blocks, options, () => GC.AllocateUninitializedArray<float>(Block * lists, pinned: true), (block, _, scores) =>
            {
                body(block * Block, Math.Min(Block, rows - block * Block), scores);
                return scores;
            }, _ => { });
        }
        catch (AggregateException several)
        {
            // A disk that fails is told as itself.
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

    private static void Move(float* sample, int[] nearest, float* centroids, int lists, int dimensions)
    {
        var sums = new double[(long)lists * dimensions];
        var counts = new int[lists];
        for (var row = 0; row < nearest.Length; row++)
        {
            counts[nearest[row]]++;
            var sum = sums.AsSpan(nearest[row] * dimensions, dimensions);
            var vector = Row(sample, row, dimensions);
            for (var i = 0; i < dimensions; i++)
                sum[i] += vector[i];
        }
        var heir = 0;
        for (var list = 0; list < lists; list++)
        {
            var sum = sums.AsSpan(list * dimensions, dimensions);
            double square = 0;
            foreach (var x in sum)
                square += x * x;
            var target = Row(centroids, list, dimensions);
            // An empty list takes over a row, each another one, spread over the sample.
            if (square == 0)
                Row(sample, (long)(heir = (heir + 7919) % nearest.Length), dimensions).CopyTo(target);
            else
                for (var i = 0; i < dimensions; i++)
                    target[i] = (float)(sum[i] / Math.Sqrt(square));
        }
    }

    private static int Largest(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
            if (scores[i] > scores[best])
                best = i;
        return best;
    }

    private static Span<float> Row(float* rows, long row, int dimensions) => new(rows + row * dimensions, dimensions);
}
