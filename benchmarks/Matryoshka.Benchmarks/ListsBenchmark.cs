using System.Diagnostics;
using System.Runtime.InteropServices;
using Matryoshka.Kernels;
using Matryoshka.Lists;
using Matryoshka.Search;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Inverted lists over residual signs, as the search of large segments is to use them: build time, recall and latency by
/// the share of lists read, on the folder that <c>vectors</c> writes. Shortlists are rescored by the f32 vectors.
/// </summary>
internal static unsafe class ListsBenchmark
{
    private const int D = 512;
    private const int Queries = 1000;

    private static readonly (double Share, int Keep)[] Settings =
        [(0.01, 50), (0.02, 50), (0.02, 100), (0.04, 100), (0.06, 100), (0.1, 100), (0.15, 100), (0.25, 150), (0.4, 200), (1, 200), (1, 400)];

    public static int Run(string[] args)
    {
        var folder = Harness.Option(args, "--in") ?? throw new MatryoshkaException("lists needs --in DIR, a folder that 'vectors' wrote.");
        using var memory = new ListsMemory();
        var rows = (int)(new FileInfo(Path.Join(folder, "base.f32")).Length / (D * sizeof(float)));
        var vectors = Load(memory, Path.Join(folder, "base.f32"), rows * (long)D * sizeof(float));
        var queries = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Join(folder, "queries.f32"))).ToArray();
        var truth = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Path.Join(folder, "truth.i32"))).ToArray();
        var report = Report.Start("lists", $"{rows:N0} real texts of {D} dimensions, {Queries:N0} questions, recall@10 against exact f32; one query at a time on one thread, building on two. Make the folder with `vectors --rows {rows} --out DIR` and name it with `--in DIR`.");
        var started = Stopwatch.GetTimestamp();
        var view = new ListsBuilder(rows, D, (first, count, to) => new Span<float>(vectors + (long)first * D, count * D).CopyTo(to), new(), 2).Build(memory, null, null, default);
        report.Add("build", ("seconds", Stopwatch.GetElapsedTime(started).TotalSeconds), ("lists", view.Lists), ("postings a row", view.Postings / (double)rows),
            ("MB", view.Postings * (view.Columns * 8.0 + 8) / 1e6 + view.Lists * D * 5.0 / 1e6));
        foreach (var (share, keep) in Settings)
            Measure(report, view, vectors, queries, truth, share, keep);
        return report.Publish(args);
    }

    private static void Measure(Report report, ListsView view, float* vectors, float[] queries, int[] truth, double share, int keep)
    {
        var times = new double[Queries];
        var (found, read) = (0, 0L);
        for (var round = 0; round < 2; round++)
        {
            (found, read) = (0, 0);
            for (var q = 0; q < Queries; q++)
            {
                var started = Stopwatch.GetTimestamp();
                var best = Search(view, vectors, queries.AsSpan(q * D, D), share, keep, ref read);
                times[q] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                var depth = truth.Length / (queries.Length / D);
                foreach (var hit in best)
                    found += truth.AsSpan(q * depth, 10).Contains((int)hit.Tag) ? 1 : 0;
            }
        }
        Array.Sort(times);
        report.Add($"{share:P0} of lists, x{keep}", ("recall@10", found / (10.0 * Queries)), ("q/s", 1e6 / times.Average()), ("p50 us", times[Queries / 2]), ("p99 us", times[Queries * 99 / 100]), ("postings read", read / (double)Queries));
    }

    private static Scored[] Search(ListsView view, float* vectors, ReadOnlySpan<float> query, double share, int keep, ref long read)
    {
        var vector = new QueryVector(query, NestedDimensions.Trained(32, 64, 128, 256, D));
        var scan = new ListScan(new(vector, ListScan.Parts(view, D), 1));
        var top = new TopK(keep);
        scan.Run(view, share, top, 0, null, null);
        read += scan.Read;
        int[] rows = [.. top.Best().ToArray().Select(hit => (int)hit.Tag).Distinct().Order()];
        var scores = new float[rows.Length];
        fixed (float* to = scores)
            KernelSet.Current.DotF32At([new(vectors, D * sizeof(float), vector.Floats(0), D)], rows, to);
        var best = new TopK(10);
        for (var i = 0; i < rows.Length; i++)
            best.Add(scores[i], rows[i]);
        return best.Best().ToArray();
    }

    private static float* Load(ListsMemory memory, string path, long bytes)
    {
        var block = memory.Allocate(bytes);
        using var file = File.OpenRead(path);
        for (long at = 0; at < bytes;)
            at += file.Read(new Span<byte>(block + at, (int)Math.Min(1 << 28, bytes - at)));
        return (float*)block;
    }
}
