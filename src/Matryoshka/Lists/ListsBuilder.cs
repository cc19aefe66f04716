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
    private const int Unknown = -1;

    private readonly int lists = Math.Min(parameters.Lists > 0 ? parameters.Lists : ListsParameters.For(rows), rows);
    private readonly int[] firstOf = new int[rows];
    private readonly int[] secondOf = new int[rows];

    /// <summary>Called with how many rows of how many have been compared with all centroids, first in clustering, then in assigning; from any thread.</summary>
    public Action<bool, long, long>? Progress { get; init; }

    /// <summary>Builds into memory that the caller frees.</summary>
    /// <param name="memory">Where everything goes.</param>
    /// <param name="grown">Lists of some of the rows, whose centroids and assignments are taken over instead of clustering; or null.</param>
    /// <param name="rowOf">For a row of <paramref name="grown"/> the row it is now, or a negative number when it is gone.</param>
    /// <param name="cancellationToken">Ends the work within a block of rows.</param>
    public ListsView Build(ListsMemory memory, ListsView? grown, Func<int, int>? rowOf, CancellationToken cancellationToken)
    {
        var count = grown?.Lists ?? lists;
        var centroids = (float*)memory.Allocate((long)count * dimensions * sizeof(float));
        Array.Fill(firstOf, Unknown);
        Array.Fill(secondOf, Unknown);
        if (grown is null)
            Cluster(centroids, cancellationToken);
        else
            TakeOver(grown, rowOf!, centroids);
        Assign(centroids, count, cancellationToken);
        var view = Lay(memory, centroids, count, grown?.Trained ?? rows);
        Encode(view, cancellationToken);
        return view;
    }

    private void TakeOver(ListsView grown, Func<int, int> rowOf, float* centroids)
    {
        var bytes = (long)grown.Lists * dimensions * sizeof(float);
        Buffer.MemoryCopy(grown.Centroids, centroids, bytes, bytes);
        for (var part = 0; part < 2 * grown.Lists; part++)
            for (var place = grown.Starts[part]; place < grown.Starts[part + 1]; place++)
                if (grown.PostingRows[place] < grown.Rows && rowOf((int)grown.PostingRows[place]) is var row and >= 0)
                    (part % 2 == 0 ? firstOf : secondOf)[row] = part / 2;
        for (var row = 0; row < rows; row++)
            if (secondOf[row] == Unknown)
                secondOf[row] = firstOf[row];
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
        // In order of rows: planes are then read forward.
        order.AsSpan(0, sampled).Sort();
        Clustering.ForBlocks(sampled, threads, () => new ListsMemory(), (first, n, _) =>
        {
            for (var i = first; i < first + n; i++)
                read(order[i], 1, new(sample + (long)i * dimensions, dimensions));
        }, cancellationToken);
        Clustering.Run(sample, sampled, centroids, lists, dimensions, parameters.Iterations, threads, done => Progress?.Invoke(true, done, (long)sampled * parameters.Iterations), cancellationToken);
    }

    private void Assign(float* centroids, int count, CancellationToken cancellationToken)
    {
        using var memory = new ListsMemory();
        var heads = new CentroidHeads(memory, centroids, count, dimensions, ListAssignment.Near);
        long done = 0;
        Clustering.ForBlocks(rows, threads, () => new ListAssignment(heads), (first, n, assignment) =>
        {
            if (firstOf.AsSpan(first, n).Contains(Unknown))
                assignment.Load(read, first, n);
            for (var row = first; row < first + n; row++)
                if (firstOf[row] == Unknown)
                    (firstOf[row], secondOf[row]) = assignment.Of(row - first);
            Progress?.Invoke(false, Interlocked.Add(ref done, n), rows);
        }, cancellationToken);
    }

    /// <summary>Counts, makes room, and names the rows of every list in ascending order.</summary>
    private ListsView Lay(ListsMemory memory, float* centroids, int count, int trained)
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
            Trained = trained,
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
        Clustering.ForBlocks(rows, threads, () => new ListsMemory(), (first, count, _) =>
        {
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
        }, cancellationToken);
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
            if (column < view.NearColumns)
                ((ulong*)(view.Near + ListsView.GroupOffset(place, view.NearColumns)))[column * ListsView.Group + place % ListsView.Group] = code[column];
            else
                ((ulong*)view.Far)[(long)place * view.FarColumns + column - view.NearColumns] = code[column];
        }
    }
}
