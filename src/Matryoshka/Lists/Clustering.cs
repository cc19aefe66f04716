using System.Runtime.ExceptionServices;

namespace Matryoshka.Lists;

/// <summary>
/// Spherical k-means: Dhillon and Modha, "Concept decompositions for large sparse text data using clustering" (2001). The
/// same rows and seed give the same centroids on any number of threads.
/// </summary>
internal static unsafe class Clustering
{
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
        using var memory = new ListsMemory();
        var heads = new CentroidHeads(memory, centroids, lists, dimensions, 1);
        var nearest = new int[rows];
        long done = 0;
        for (var round = 0; round < iterations; round++)
        {
            ForBlocks(rows, threads, () => new NearestCentroids(heads, 1), (first, count, near) =>
            {
                near.Load(sample + (long)first * dimensions, count);
                for (var i = 0; i < count; i++)
                {
                    near.Of(i);
                    nearest[first + i] = near.Listed[0];
                }
                progress(Interlocked.Add(ref done, count));
            }, cancellationToken);
            Move(sample, nearest, centroids, lists, dimensions);
            heads.Pack();
        }
    }

    /// <summary>Runs a body over blocks of rows on several threads, each with something of its own.</summary>
    public static void ForBlocks<T>(int rows, int threads, Func<T> own, Action<int, int, T> body, CancellationToken cancellationToken)
        where T : IDisposable
    {
        const int Block = NearestCentroids.Block;
        var blocks = (rows + Block - 1) / Block;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, blocks, options, own, (block, _, mine) =>
            {
                body(block * Block, Math.Min(Block, rows - block * Block), mine);
                return mine;
            }, mine => mine.Dispose());
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

    private static Span<float> Row(float* rows, long row, int dimensions) => new(rows + row * dimensions, dimensions);
}
