using System.Diagnostics;
using Matryoshka.Tuning;
using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Exploring;
using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Whether a tuner can be believed: how long a full run takes; whether the plan it recommends on half of the queries keeps its promise
/// on the other half, over 100 random splits; and how much of the exhaustive grid's front exploring finds, in how much of its time.
/// The splits take minutes: what is measured of them is kept under <c>artifacts</c>, or in <c>--state DIR</c>, and an interrupted run goes on.
/// </summary>
internal static class TuneBenchmark
{
    private const int Splits = 100;
    private const int MostQueries = 20_000;
    private const string Usual = "medquad,squad_dev_1_1";

    public static async Task<int> Run(string[] args)
    {
        var report = Report.Start("tune", "`mrl tune` with the embedded model. Run: all of it, queries already embedded. Splits: recommended on half of the queries, held to its promise on the other half, 100 random splits; "
            + "'kept' counts the splits in which it was. Front: the hypervolume of what exploring finds against that of every plan of the grid run on every query (share of full nDCG@10 against the logarithm of time, and of memory).");
        var collections = (Harness.Option(args, "--collections") ?? Usual).Split(',');
        foreach (var (name, folder) in Texts.Collections().Where(known => collections.Contains(known.Name)))
        {
            using var directory = new TemporaryFolder();
            using var collection = Collection.Create(directory.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
            await collection.UpsertAsync(Texts.Corpus(folder).Where(d => d.Text.Length > 0).Select(d => new Record { Key = d.Id, Text = d.Text }), new() { OnFailure = _ => { } });
            await collection.MaintainAsync();
            var (queries, judgements) = await Queries(folder);
            if (Array.IndexOf(args, "--splits-only") < 0)
            {
                Whole(report, name, collection, queries, judgements);
                Front(report, name, collection, queries, judgements);
            }
            using var bench = Workbench.Open(collection, queries, judgements, new());
            using var journal = State(args, name, bench);
            var plans = Explore(bench, drop: false, journal).Plans.OrderBy(plan => Prices.Default.Monthly(plan.Resident * bench.Info.Records, 0, plan.Seconds)).ToList();
            foreach (var keep in new[] { 0.9, 0.95, 0.99 })
                SplitInHalves(report, name, plans, plans.FindIndex(plan => plan.Plan.Equals(bench.Exact)), keep, journal);
            Console.Error.WriteLine($"{name} done");
        }
        return report.Publish(args);
    }

    private static async Task<(List<TuneQuery>, Judgements)> Queries(string folder)
    {
        var judgements = new Judgements();
        foreach (var (query, keys) in Texts.Judgements(folder))
            foreach (var (key, grade) in keys)
                judgements.Add(query, key, grade);
        using var generator = StaticEmbeddingGenerator.Default();
        var texts = Texts.Queries(folder).Where(query => judgements[query.Key].Count > 0).ToList();
        var step = Math.Max(1.0, (double)texts.Count / MostQueries);
        texts = [.. Enumerable.Range(0, Math.Min(MostQueries, texts.Count)).Select(i => texts[(int)(i * step)])];
        var queries = new List<TuneQuery>();
        foreach (var batch in texts.Chunk(256))
            foreach (var (text, embedding) in batch.Zip(await generator.GenerateAsync([.. batch.Select(query => query.Value)], EmbeddingRole.Query)))
                if (embedding.Vector.Span.IndexOfAnyExcept(0f) >= 0)
                    queries.Add(new(text.Key, embedding.Vector, text.Value));
        return (queries, judgements);
    }

    // Another grid, other queries or another collection of that name are another experiment.
    private static Journal State(string[] args, string name, Workbench bench)
    {
        var folder = Harness.Option(args, "--state") ?? Path.Join(Texts.Root(), "artifacts");
        Directory.CreateDirectory(folder);
        var grid = string.Join('\n', SearchSpace.Of(bench.Info, bench.Options.K)) + string.Join('\n', bench.Evaluator.Truth.Queries.Select(query => query.Id));
        var identity = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(grid)));
        return new(Path.Join(folder, $"tune-{name}.state"), $"splits {bench.Info.Recipe.Fingerprint} {bench.Info.Records} {identity}");
    }

    private static void Whole(Report report, string name, Collection collection, List<TuneQuery> queries, Judgements judgements)
    {
        var result = Tuner.Run(collection, queries, judgements, new());
        Console.Error.WriteLine($"{name}: {result.Recommendation.Plan?.Name}: {result.Recommendation.Summary}");
        report.Add($"{name}, a full run", ("passages", result.Rows), ("queries", result.QueryIds.Count), ("seconds", result.Seconds), ("plans", result.Plans.Count), ("share kept", result.Recommendation.Plan?.Kept.Share ?? 0));
    }

    // Every plan of the grid is a candidate here, which is harder on the promise than the front alone: more of them have luck.
    private static void SplitInHalves(Report report, string name, List<ExploredPlan> plans, int exact, double keep, Journal journal)
    {
        var values = plans.ConvertAll(plan => plan.Primary.ToArray());
        var full = values[exact];
        int kept = 0, cheaper = 0;
        double shares = 0;
        for (var split = 0; split < Splits; split++)
        {
            var measured = journal.Of(FormattableString.Invariant($"split {split} {keep}"), () =>
            {
                var order = Enumerable.Range(0, full.Length).ToArray();
                new SeededRandom((ulong)split + 100).Shuffle<int>(order);
                var (one, other) = (order[..(order.Length / 2)], order[(order.Length / 2)..]);
                double[] On(double[] all, int[] half) => Array.ConvertAll(half, q => all[q]);
                var fullHere = On(full, one);
                var chosen = values.FindIndex(plan => ReferenceEquals(plan, full) || On(plan, one).Average() >= keep * fullHere.Average() && PairedBootstrap.Of(On(plan, one), fullHere).Promise >= keep);
                return (double[])[On(values[chosen], other).Average() / On(full, other).Average(), ReferenceEquals(values[chosen], full) ? 0 : 1];
            });
            var share = measured[0];
            kept += share >= keep ? 1 : 0;
            cheaper += (int)measured[1];
            shares += share;
        }
        report.Add($"{name}, {Splits} splits, keep {keep:P0}", ("queries", full.Length), ("kept", kept), ("not exact search", cheaper), ("mean share on the other half", shares / Splits));
    }

    private static void Front(Report report, string name, Collection collection, List<TuneQuery> queries, Judgements judgements)
    {
        using var bench = Workbench.Open(collection, queries, judgements, new());
        using var journal = new Journal(null, "");
        var space = SearchSpace.Of(bench.Info, bench.Options.K);
        var watch = Stopwatch.StartNew();
        var exploration = Explore(bench, drop: true, journal);
        var exploring = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var runs = new PlanRunner(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal, null).Run(space, exploration.Order, CancellationToken.None);
        var exhaustive = watch.Elapsed.TotalSeconds;
        var times = new TimeMeter(bench.Reader, bench.Evaluator.Truth.Queries, bench.Options.K, journal, null).Measure(space, TimeSpan.FromSeconds(space.Count * 0.15), CancellationToken.None);
        var full = runs.First(run => run.Plan.Equals(bench.Exact)).Values[0].Average();
        var all = runs.Select((run, i) => (Plan: run.Plan, Share: run.Values[0].Average() / full, Time: Math.Log10(times[i].Percentile(0.5)), Memory: Math.Log10(Footprint.Resident(run.Plan, bench.Info)))).ToList();
        var found = exploration.Front.Select(plan => plan.Plan).ToHashSet();
        double Loss(Func<(SearchPlan Plan, double Share, double Time, double Memory), double> cost)
        {
            var worst = all.Max(cost);
            return 1 - Hypervolume(all.Where(point => found.Contains(point.Plan)).Select(point => (cost(point), point.Share)), worst) / Hypervolume(all.Select(point => (cost(point), point.Share)), worst);
        }
        report.Add($"{name}, front", ("plans", all.Count), ("queries", exploration.Order.Length), ("seconds", exploring), ("exhaustive seconds", exhaustive), ("share of its time", exploring / exhaustive), ("hypervolume lost, time", Loss(point => point.Time)), ("hypervolume lost, memory", Loss(point => point.Memory)), ("left in the race", found.Count));
    }

    private static Exploration Explore(Workbench bench, bool drop, Journal journal) =>
        new Explorer(bench.Reader, bench.Evaluator, bench.Info, drop ? new(bench.Threads, TimeSpan.FromMinutes(5)) : new(bench.Threads, TimeSpan.FromMinutes(30), Drop: false, MostQueries: int.MaxValue), journal, null).Run(SearchSpace.Of(bench.Info, bench.Options.K), CancellationToken.None);

    // The area under the front: quality from 0 up, cost from the worst down.
    private static double Hypervolume(IEnumerable<(double Cost, double Quality)> points, double worst)
    {
        double area = 0;
        var from = worst;
        foreach (var (cost, quality) in points.OrderByDescending(point => point.Quality).ThenBy(point => point.Cost))
            if (cost < from)
            {
                // Nothing of this quality or more was as cheap so far.
                area += (from - cost) * quality;
                from = cost;
            }
        return area;
    }
}
