using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Matryoshka.Benchmarks;

/// <summary>
/// What the presets find and cost as a collection grows, under filters, and what building and appending take; on the folder
/// that <c>vectors</c> writes.
/// </summary>
internal static class PresetsBenchmark
{
    private const int D = 512;
    private const int K = 10;
    private const int Judged = 500;
    private static readonly TimeSpan Timed = TimeSpan.FromSeconds(2);
    private static readonly SearchPreset[] Presets = [SearchPreset.Fast, SearchPreset.Balanced, SearchPreset.Accurate, SearchPreset.Exact];

    public static async Task<int> Run(string[] args)
    {
        var from = Harness.Option(args, "--in") ?? throw new MatryoshkaException("presets needs --in DIR, a folder that 'vectors' wrote.");
        var most = int.Parse(Harness.Option(args, "--rows") ?? "1000000", System.Globalization.CultureInfo.InvariantCulture);
        var queries = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Join(from, "queries.f32"))).ToArray().Chunk(D).Take(2000).ToList();
        using var vectors = new FileStream(Path.Join(from, "base.f32"), FileMode.Open, FileAccess.Read);
        most = (int)Math.Min(most, vectors.Length / (D * sizeof(float)));
        var report = Report.Start("presets", $"Presets on up to {most:N0} real texts of {D} dimensions with {queries.Count:N0} questions, one query at a time on one thread, from vector to ids; recall@{K} of the first {Judged} of them against an exact search. "
            + $"Building lists and merging on {Environment.ProcessorCount} threads. Filters let through one row in N of 100,000. Make the folder with `vectors --rows {most} --out DIR` and name it with `--in DIR`.");
        foreach (var rows in ((int[])[10_000, 100_000, 500_000, 1_000_000]).Where(rows => rows <= most))
        {
            using var folder = new TemporaryFolder();
            using var collection = Create(folder);
            vectors.Position = 0;
            await AddAsync(collection, vectors, 0, rows);
            await Build(report, $"{rows:N0} rows: build", () => collection.CompactAsync());
            Measure(report, collection, queries, $"{rows:N0} rows", null);
            if (rows == 100_000)
                foreach (var every in (int[])[2, 10, 100, 1000])
                    Measure(report, collection, queries, $"1 row in {every:N0}", Filter.Parse($"in{every} = 0"));
            if (rows == 500_000)
                await MeasureExactAsync(report, vectors, queries, rows);
            if (rows == 500_000 && vectors.Length / (D * sizeof(float)) >= 600_000)
            {
                await AddAsync(collection, vectors, rows, 100_000);
                await Build(report, "100,000 rows appended to 500,000: their lists", () => collection.MaintainAsync());
                Measure(report, collection, queries, "500,000 + 100,000 rows", null);
            }
        }
        return report.Publish(args);
    }

    /// <summary>Exact search beside a plain scan of the same full vectors, in turns.</summary>
    private static async Task MeasureExactAsync(Report report, FileStream vectors, List<float[]> queries, int rows)
    {
        using var folder = new TemporaryFolder();
        using var collection = Create(folder, Precision.F32);
        var position = vectors.Position;
        vectors.Position = 0;
        await AddAsync(collection, vectors, 0, rows);
        vectors.Position = position;
        using var reader = collection.OpenReader();
        var (scan, exact) = (SearchPlan.Parse("f32:full"), SearchPlan.Parse("int8:full bound > f32:full"));
        foreach (var query in queries.Take(50))
            if (!reader.Nearest(query, K, scan).Ids.SequenceEqual(reader.Nearest(query, K, exact).Ids))
                throw new MatryoshkaException("The exact plan did not find what a scan of all full vectors finds.");
        var at = 0;
        var times = Harness.Interleave(6, () => reader.Nearest(queries[at++ % queries.Count], K, scan), () => reader.Nearest(queries[at++ % queries.Count], K, exact));
        report.Add($"{rows:N0} rows in f32: a scan of all vectors", ("q/s", 1 / times[0]), ("p50 us", times[0] * 1e6));
        report.Add($"{rows:N0} rows in f32: exact", ("q/s", 1 / times[1]), ("p50 us", times[1] * 1e6), ("of a scan", times[0] / times[1]));
    }

    private static Collection Create(TemporaryFolder folder, Precision precision = Precision.F16)
    {
        Collection.Create(folder.At("c"), new() { FullPrecision = precision, Recipe = new() { Name = "vectors", Dimensions = NestedDimensions.Trained(32, 64, 128, 256, D) } }).Dispose();
        return Collection.Open(folder.At("c"), new() { BackgroundMaintenance = false });
    }

    private static Task<UpsertResult> AddAsync(Collection collection, FileStream vectors, int first, int count) =>
        collection.UpsertAsync(Enumerable.Range(first, count).Select(row =>
        {
            var vector = new float[D];
            vectors.ReadExactly(MemoryMarshal.AsBytes(vector.AsSpan()));
            return new Record { Key = $"{row}", Vector = vector, Metadata = new JsonObject { ["in2"] = row % 2, ["in10"] = row % 10, ["in100"] = row % 100, ["in1000"] = row % 1000 } };
        }), new() { BatchSize = 8192 });

    private static async Task Build(Report report, string name, Func<Task> build)
    {
        var started = Stopwatch.GetTimestamp();
        await build();
        report.Add(name, ("seconds", Stopwatch.GetElapsedTime(started).TotalSeconds));
    }

    /// <summary>A query on two threads, and 256 queries at once on one.</summary>
    private static void MeasureTogether(Report report, CollectionReader reader, List<float[]> queries, string name, SearchPlan plan)
    {
        var batch = queries.Take(256).Select(query => (ReadOnlyMemory<float>)query).ToList();
        var at = 0;
        var times = Harness.Interleave(3, () => reader.Nearest(queries[at++ % queries.Count], K, plan), () => reader.Nearest(queries[at++ % queries.Count], K, plan, threads: 2), () => reader.NearestMany(batch, K, plan, threads: 1));
        report.Add($"{name}, 2 threads a query", ("q/s", 1 / times[1]), ("p50 us", times[1] * 1e6), ("of one alone", times[0] / times[1]));
        report.Add($"{name}, 256 at once", ("q/s", batch.Count / times[2]), ("of one alone", batch.Count * times[0] / times[2]));
    }

    private static void Measure(Report report, Collection collection, List<float[]> queries, string rows, Filter? filter)
    {
        using var reader = filter is null ? collection.OpenReader() : collection.OpenReader(filter);
        var exact = queries.Take(Judged).Select(query => reader.Nearest(query, K, SearchPlan.Of(SearchPreset.Exact), filter).Ids).ToList();
        foreach (var preset in Presets)
        {
            var plan = SearchPlan.Of(preset);
            long found = 0, wanted = 0, bytes = 0;
            for (var i = 0; i < exact.Count; i++)
            {
                var answer = reader.Nearest(queries[i], K, plan, filter);
                found += answer.Ids.Intersect(exact[i]).Count();
                wanted += exact[i].Count;
                bytes += answer.Stages.Sum(stage => stage.BytesRead);
            }
            var times = new List<double>();
            for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < Timed && times.Count < 20_000;)
            {
                var query = queries[times.Count % queries.Count];
                var one = Stopwatch.GetTimestamp();
                reader.Nearest(query, K, plan, filter);
                times.Add(Stopwatch.GetElapsedTime(one).TotalMicroseconds);
            }
            var rate = 1e6 / times.Average();
            times.Sort();
            report.Add($"{rows}: {preset.ToString().ToLowerInvariant()}", ("recall@10", found / (double)wanted), ("q/s", rate), ("p50 us", times[times.Count / 2]), ("p99 us", times[times.Count * 99 / 100]), ("MB a query", bytes / 1e6 / exact.Count));
        }
        if (filter is null)
            foreach (var preset in (SearchPreset[])[SearchPreset.Accurate, SearchPreset.Exact])
                MeasureTogether(report, reader, queries, $"{rows}: {preset.ToString().ToLowerInvariant()}", SearchPlan.Of(preset));
        var info = collection.GetInfo();
        report.Add($"{rows}: memory", ("lists MB", info.Segments.Sum(s => s.ListsBytes ?? 0) / 1e6), ("int8 MB", info.Planes.Where(p => p.Kind is "int8" or "scale").Sum(p => p.Bytes) / 1e6), ("all planes MB", info.Planes.Sum(p => p.Bytes) / 1e6));
    }
}
