using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Matryoshka.Benchmarks;

/// <summary>
/// A collection of ten million vectors under a budget of memory: what building takes, what plans find, and how long they take
/// before and after the pages they read are in the system's cache. The vectors are those of a folder that <c>vectors</c>
/// writes, each several times with noise, since there are not that many distinct texts at hand.
/// </summary>
internal static class MillionsBenchmark
{
    private const int D = 512;
    private const int K = 10;
    private const int Judged = 200;
    private const int Timed = 1000;

    /// <summary>Length of the noise on a vector of length one: a copy's cosine with its original is 0.89, with another copy 0.8, about that of a text's nearest neighbours.</summary>
    private const float Noise = 0.5f;

    private static readonly string[] Plans = ["fast", "balanced", "accurate", "lists 1% on bit:full x50 > f16:full", "lists 2% on bit:full x100 > f16:full", "lists 4% on bit:full x100 > f16:full", "lists 8% on bit:full x200 > f16:full"];

    public static async Task<int> Run(string[] args)
    {
        var from = Harness.Option(args, "--in") ?? throw new MatryoshkaException("millions needs --in DIR, a folder that 'vectors' wrote.");
        var at = Harness.Option(args, "--collection") ?? throw new MatryoshkaException("millions needs --collection DIR, where the collection is made (18 GB, twice that while it is merged), or lies already.");
        var rows = int.Parse(Harness.Option(args, "--rows") ?? "10000000", CultureInfo.InvariantCulture);
        var budget = long.Parse(Harness.Option(args, "--memory") ?? "1900000000", CultureInfo.InvariantCulture);
        var report = Report.Start("millions", $"{rows:N0} vectors of {D} dimensions (those of real texts, each ten times with noise of half its length) in one collection with a memory budget of {budget / 1e6:N0} MB, the other planes on disk. "
            + $"One query at a time on one thread, from vector to ids; recall@{K} of {Judged} real questions against an exact search. Cold: after the system's cache was emptied, each question asked for the first time; warm: asked again.");
        if (!File.Exists(Path.Join(at, "catalog.db")))
            await BuildAsync(report, from, at, rows);
        Measure(report, at, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Join(from, "queries.f32"))).ToArray().Chunk(D).Take(Timed).ToList(), budget);
        return report.Publish(args);
    }

    private static async Task BuildAsync(Report report, string from, string at, int rows)
    {
        Collection.Create(at, new() { Recipe = new() { Name = "vectors", Dimensions = NestedDimensions.Trained(32, 64, 128, 256, D) } }).Dispose();
        using var collection = Collection.Open(at, new() { BackgroundMaintenance = false });
        using var vectors = new FileStream(Path.Join(from, "base.f32"), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        var started = Stopwatch.GetTimestamp();
        await collection.UpsertAsync(Jittered(vectors, rows), new() { BatchSize = 65_536 });
        report.Add("written", ("seconds", Stopwatch.GetElapsedTime(started).TotalSeconds));
        Console.Error.WriteLine($"written after {Stopwatch.GetElapsedTime(started)}");
        started = Stopwatch.GetTimestamp();
        await collection.CompactAsync();
        report.Add("merged into one segment with lists", ("seconds", Stopwatch.GetElapsedTime(started).TotalSeconds));
        Console.Error.WriteLine($"compacted after {Stopwatch.GetElapsedTime(started)}");
    }

    private static IEnumerable<Record> Jittered(FileStream vectors, int rows)
    {
        var random = new Random(7);
        var noise = new float[1 << 20];
        // Sums of four uniform numbers are near enough to normal.
        for (var i = 0; i < noise.Length; i++)
            noise[i] = (random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2) * MathF.Sqrt(3f / D) * Noise;
        var distinct = (int)(vectors.Length / (D * sizeof(float)));
        for (var row = 0; row < rows; row++)
        {
            if (row % distinct == 0)
                vectors.Position = 0;
            var vector = new float[D];
            vectors.ReadExactly(MemoryMarshal.AsBytes(vector.AsSpan()));
            var start = random.Next(noise.Length - D);
            if (row >= distinct)
                for (var i = 0; i < D; i++)
                    vector[i] += noise[start + i];
            yield return new Record { Key = row.ToString(CultureInfo.InvariantCulture), Vector = vector };
        }
    }

    private static void Measure(Report report, string at, List<float[]> queries, long budget)
    {
        List<List<long>> exact;
        using (var whole = Collection.Open(at, new() { BackgroundMaintenance = false }))
        using (var reader = whole.OpenReader())
            exact = [.. queries.Take(Judged).Select(query => reader.Nearest(query, K, SearchPlan.Of(SearchPreset.Exact)).Ids.ToList())];
        using var collection = Collection.Open(at, new() { BackgroundMaintenance = false, MemoryBudget = budget });
        foreach (var plan in Plans)
        {
            using var reader = collection.OpenReader();
            var parsed = SearchPlan.Parse(plan);
            EmptyCache();
            var (cold, _) = Ask(reader, queries, parsed);
            Ask(reader, queries, parsed);
            var (warm, answers) = Ask(reader, queries, parsed);
            var found = exact.Zip(answers, (right, given) => given.Ids.Intersect(right).Count()).Sum();
            report.Add(plan, ("recall@10", found / (double)(K * Judged)), ("cold p50 us", cold[cold.Length / 2]), ("cold p99 us", cold[cold.Length * 99 / 100]),
                ("warm q/s", 1e6 / warm.Average()), ("warm p50 us", warm[warm.Length / 2]), ("warm p99 us", warm[warm.Length * 99 / 100]),
                ("MB a query", answers.Sum(answer => answer.Stages.Sum(stage => stage.BytesRead)) / 1e6 / answers.Count), ("resident MB", Resident()));
        }
        var info = collection.GetInfo();
        report.Add("planes", ("MB on disk", info.Planes.Sum(p => p.Bytes) / 1e6), ("lists MB", info.Segments.Sum(s => s.ListsBytes ?? 0) / 1e6));
    }

    private static (double[] Sorted, List<Neighbours> Answers) Ask(CollectionReader reader, List<float[]> queries, SearchPlan plan)
    {
        var times = new double[queries.Count];
        var answers = new List<Neighbours>(queries.Count);
        for (var i = 0; i < times.Length; i++)
        {
            var started = Stopwatch.GetTimestamp();
            answers.Add(reader.Nearest(queries[i], K, plan));
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(times);
        return (times, answers);
    }

    /// <summary>Needs root on Linux; elsewhere "cold" is what the system left.</summary>
    private static void EmptyCache()
    {
        try
        {
            File.WriteAllText("/proc/sys/vm/drop_caches", "1");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("The system's cache was not emptied; it needs root on Linux.");
        }
    }

    private static double Resident()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e6;
    }
}
