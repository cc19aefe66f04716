using System.Runtime.InteropServices;
using Matryoshka.Kernels;
using Matryoshka.Vectors;

namespace Matryoshka.Lists;

/// <summary>Reads unit vectors of consecutive rows, from any thread.</summary>
internal delegate void ReadVectors(int firstRow, int count, Span<float> destination);

/// <summary>
/// Builds lists: cluster a sample, give every row its two lists, write the postings list by list. What is left of a row
/// without its centroid is shorter than the row, so its signs estimate cosines better than the row's own. Jégou, Douze and
/// Schmid, "Product quantization for nearest neighbor search" (2011), section IV; signs of residuals as in Gao and Long,
/// "RaBitQ" (SIGMOD 2024).
/// </summary>
internal sealed unsafe class ListsBuilder(int rows, int dimensions, ReadVectors read, ListsParameters parameters, int threads)
{
    private readonly int lists = Math.Min(parameters.Lists > 0 ? parameters.Lists : ListsParameters.For(rows), rows);
    private readonly int[] firstOf = new int[rows];
    private readonly int[] secondOf = new int[rows];

    /// <summary>Called with rows assigned so far.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>Builds into memory that the caller frees.</summary>
    /// <param name="memory">Where everything goes.</param>
    /// <param name="known">Centroids to take over instead of clustering, or null.</param>
    /// <param name="assigned">The first so many rows' lists when they are known already, two a row; else empty.</param>
    /// <param name="cancellationToken">Ends the work within a block of rows.</param>
    public ListsView Build(ListsMemory memory, ListsView? known, ReadOnlySpan<(int First, int Second)> assigned, CancellationToken cancellationToken)
    {
        var count = known?.Lists ?? lists;
        var centroids = (float*)memory.Allocate((long)count * dimensions * sizeof(float));
        if (known is null)
            Cluster(centroids, cancellationToken);
        else
            Buffer.MemoryCopy(known.Centroids, centroids, (long)count * dimensions * sizeof(float), (long)count * dimensions * sizeof(float));
        for (var row = 0; row < assigned.Length; row++)
            (firstOf[row], secondOf[row]) = assigned[row];
        Assign(centroids, count, assigned.Length, cancellationToken);
        var view = Lay(memory, centroids, count);
        Encode(view, cancellationToken);
        return view;
    }

    private void Cluster(float* centroids, CancellationToken cancellationToken)
    {
        var sampled = (int)Math.Min(rows, (long)lists * parameters.Sample);
        using var memory = new ListsMemory();
        var sample = (float*)memory.Allocate((long)sampled * dimensions * sizeof(float));
        var order = new int[rows];
        for (var i = 0; i < rows; i++)
            order[i] = i;
#pragma warning disable CA5394 // Repeatable, not secret.
        new Random(parameters.Seed).Shuffle(order);
#pragma warning restore CA5394
        Parallel.For(0, sampled, Threads(cancellationToken), i => read(order[i], 1, new(sample + (long)i * dimensions, dimensions)));
        Clustering.Run(sample, sampled, centroids, lists, dimensions, parameters.Iterations, threads, cancellationToken);
    }

    private void Assign(float* centroids, int count, int from, CancellationToken cancellationToken)
    {
        var done = 0;
        Clustering.ForBlocks(rows - from, threads, count, (first, n, scores) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vectors = GC.AllocateUninitializedArray<float>(Clustering.Block * dimensions, pinned: true);
            read(from + first, n, vectors);
            fixed (float* x = vectors, products = scores)
                KernelSet.Current.Products(x, n, centroids, count, dimensions, products);
            var assignment = new ListAssignment(centroids, dimensions);
            for (var i = 0; i < n; i++)
                (firstOf[from + first + i], secondOf[from + first + i]) = assignment.Of(vectors.AsSpan(i * dimensions, dimensions), scores.AsSpan(i * count, count));
            Progress?.Invoke(from + Interlocked.Add(ref done, n));
        });
    }

    /// <summary>Counts, makes room, and names the rows of every list in ascending order.</summary>
    private ListsView Lay(ListsMemory memory, float* centroids, int count)
    {
        var sizes = new long[2 * count];
        for (var row = 0; row < rows; row++)
        {
            sizes[2 * firstOf[row]]++;
            if (HasSecond(row))
                sizes[2 * secondOf[row] + 1]++;
        }
        var starts = (uint*)memory.Allocate((2L * count + 1) * sizeof(uint));
        for (var part = 0; part < sizes.Length; part++)
            starts[part + 1] = checked(starts[part] + (uint)((sizes[part] + ListsView.Group - 1) / ListsView.Group * ListsView.Group));
        long postings = starts[sizes.Length];
        var postingRows = (uint*)memory.Allocate(postings * sizeof(uint));
        new Span<uint>(postingRows, checked((int)postings)).Fill(ListsView.None);
        var next = new Span<uint>(starts, sizes.Length).ToArray();
        for (var row = 0; row < rows; row++)
        {
            postingRows[next[2 * firstOf[row]]++] = (uint)row;
            if (HasSecond(row))
                postingRows[next[2 * secondOf[row] + 1]++] = (uint)row;
        }
        var near = ListsView.NearColumnsOf(dimensions);
        return new()
        {
            Lists = count,
            Rows = rows,
            Dimensions = dimensions,
            Starts = starts,
            PostingRows = postingRows,
            Factors = (float*)memory.Allocate(postings * sizeof(float)),
            Near = memory.Allocate(postings * near * sizeof(ulong)),
            Far = memory.Allocate(postings * (ListsView.ColumnsOf(dimensions) - near) * sizeof(ulong)),
            Centroids = centroids,
            CentroidCodes = (sbyte*)memory.Allocate((long)count * dimensions),
            CentroidScales = (float*)memory.Allocate(count * (long)sizeof(float)),
        };
    }

    private bool HasSecond(int row) => parameters.Copies > 1 && secondOf[row] != firstOf[row];

    private void Encode(ListsView view, CancellationToken cancellationToken)
    {
        EncodeCentroids(view);
        // Rows in order, so that vectors are read forward; where a row's postings lie is looked up.
        var places = new uint[rows * 2L];
        Array.Fill(places, ListsView.None);
        for (var part = 0; part < 2 * view.Lists; part++)
            for (var place = view.Starts[part]; place < view.Starts[part + 1]; place++)
                if (view.PostingRows[place] is var row and not ListsView.None)
                    places[2L * row + (part & 1)] = place;
        Clustering.ForBlocks(rows, threads, 1, (first, count, _) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vectors = new float[count * dimensions];
            var residual = new float[dimensions];
            var code = new ulong[view.Columns];
            read(first, count, vectors);
            for (var i = 0; i < count; i++)
            {
                var (row, vector) = (first + i, vectors.AsMemory(i * dimensions, dimensions));
                EncodePosting(view, places[2L * row], firstOf[row], vector.Span, residual, code);
                EncodePosting(view, places[2L * row + 1], secondOf[row], vector.Span, residual, code);
            }
        });
    }

    private void EncodeCentroids(ListsView view)
    {
        for (var list = 0; list < view.Lists; list++)
        {
            var centroid = new ReadOnlySpan<float>(view.Centroids + (long)list * dimensions, dimensions);
            var largest = 0f;
            foreach (var x in centroid)
                largest = Math.Max(largest, Math.Abs(x));
            view.CentroidScales[list] = Int8Codec.ScaleOf(largest);
            Int8Codec.Encode(centroid, view.CentroidScales[list], new(view.CentroidCodes + (long)list * dimensions, dimensions));
        }
    }

    private void EncodePosting(ListsView view, uint place, int list, ReadOnlySpan<float> vector, Span<float> residual, Span<ulong> code)
    {
        if (place == ListsView.None)
            return;
        FloatMath.Subtract(vector, new(view.Centroids + (long)list * dimensions, dimensions), residual);
        var sum = FloatMath.SumOfMagnitudes(residual);
        view.Factors[place] = sum > 0 ? FloatMath.Dot(residual, residual) / sum : 0;
        BitCodec.Encode(residual, MemoryMarshal.AsBytes(code));
        for (var column = 0; column < code.Length; column++)
        {
            var near = column < view.NearColumns;
            var (plane, columns) = near ? ((nint)view.Near, view.NearColumns) : ((nint)view.Far, view.FarColumns);
            var at = plane + ListsView.GroupOffset(place, columns) + (near ? column : column - view.NearColumns) * ListsView.Group * sizeof(ulong);
            ((ulong*)at)[place % ListsView.Group] = code[column];
        }
    }

    private ParallelOptions Threads(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
}
