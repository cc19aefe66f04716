using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Matryoshka.Kernels;
using Matryoshka.Search;

namespace Matryoshka.Benchmarks;

/// <summary>The rows with the largest inner products of every query, by scoring all of them.</summary>
internal static unsafe class ExactNeighbours
{
    /// <summary>Neighbours written a query.</summary>
    public const int Depth = 100;

    // Scored again in double precision, so that the float sum's rounding cannot push a neighbour out.
    private const int Kept = Depth + 28;

    // 256 rows and 64 queries of 512 floats are 640 KiB: both stay in the second-level cache while they meet.
    private const int RowsOfBlock = 256;
    private const int QueriesOfTask = 64;

    /// <summary>Reads <c>base.f32</c> and <c>queries.f32</c> of a folder and writes <c>truth.i32</c>: <see cref="Depth"/> row numbers a query, best first.</summary>
    public static void Write(string folder, int dimensions)
    {
        using var rows = new MappedFloats(Path.Join(folder, "base.f32"), dimensions);
        using var queries = new MappedFloats(Path.Join(folder, "queries.f32"), dimensions);
        var truth = new int[queries.Count * Depth];
        Parallel.For(0, (queries.Count + QueriesOfTask - 1) / QueriesOfTask, task =>
        {
            var first = task * QueriesOfTask;
            var count = Math.Min(QueriesOfTask, queries.Count - first);
            var best = Scan(rows, queries, first, count);
            for (var i = 0; i < count; i++)
                Rank(rows, queries.At(first + i), best[i]).CopyTo(truth.AsSpan((first + i) * Depth, Depth));
        });
        File.WriteAllBytes(Path.Join(folder, "truth.i32"), MemoryMarshal.AsBytes(truth.AsSpan()));
    }

    private static TopK[] Scan(MappedFloats rows, MappedFloats queries, int firstQuery, int count)
    {
        var best = new TopK[count];
        for (var i = 0; i < count; i++)
            best[i] = new(Kept);
        var sums = stackalloc float[RowsOfBlock];
        for (var first = 0; first < rows.Count; first += RowsOfBlock)
        {
            var block = Math.Min(RowsOfBlock, rows.Count - first);
            for (var i = 0; i < count; i++)
            {
                var ring = new Ring(rows.At(first), rows.Dimensions * sizeof(float), queries.At(firstQuery + i), rows.Dimensions);
                KernelSet.Current.DotF32(new ReadOnlySpan<Ring>(in ring), block, sums);
                for (var row = 0; row < block; row++)
                    best[i].Add(sums[row], first + row);
            }
        }
        return best;
    }

    private static int[] Rank(MappedFloats rows, float* query, TopK best)
    {
        var exact = new List<(double Score, int Row)>();
        foreach (var scored in best.Best())
            exact.Add((Dot(rows.At((int)scored.Tag), query, rows.Dimensions), (int)scored.Tag));
        return [.. exact.OrderByDescending(s => s.Score).ThenBy(s => s.Row).Take(Depth).Select(s => s.Row)];
    }

    private static double Dot(float* a, float* b, int length)
    {
        var sum = 0.0;
        for (var i = 0; i < length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    private sealed class MappedFloats : IDisposable
    {
        private readonly MemoryMappedFile file;
        private readonly MemoryMappedViewAccessor view;
        private readonly byte* start;

        public MappedFloats(string path, int dimensions)
        {
            Dimensions = dimensions;
            Count = checked((int)(new FileInfo(path).Length / (dimensions * sizeof(float))));
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        }

        public int Dimensions { get; }

        public int Count { get; }

        public float* At(int row) => (float*)start + (nint)row * Dimensions;

        public void Dispose()
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file.Dispose();
        }
    }
}
