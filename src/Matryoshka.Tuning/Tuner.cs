using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Exploring;
using Matryoshka.Tuning.Recommending;
using Matryoshka.Tuning.Reranking;

namespace Matryoshka.Tuning;

/// <summary>
/// Measures what the dimensions, precisions and plans of a collection cost and keep, and recommends one. For use in programs and
/// in tests: <c>Assert.True(Tuner.Run(collection, queries, judgements).AtDimensions(256).Quality["recall@10"] > 0.95)</c>.
/// </summary>
public static class Tuner
{
    // Of the time given to plans without rerankers; depths of lists, building and tracing losses take the little that is left.
    private const double ExploringShare = 0.45;
    private const double TimingShare = 0.28;
    private const double RunningShare = 0.22;
    private const double ListsDepthsShare = 0.03;
    private const double RerankingShare = 0.5;
    private const int MostMeasured = 24;

    /// <summary>Explores plans, measures the best for real and recommends one.</summary>
    /// <param name="collection">The collection; nothing is written to it.</param>
    /// <param name="queries">Queries with their vectors.</param>
    /// <param name="judgements">What is relevant; null to hold plans against the exact full ranking.</param>
    /// <param name="options">What to measure and to ask of a recommendation.</param>
    /// <param name="progress">Told how far it is, from any thread.</param>
    /// <param name="cancellationToken">Ends it; with a state file nothing measured is lost.</param>
    /// <exception cref="MatryoshkaException">There is nothing to measure, judgements do not fit, or the time is too short; the message says what to do.</exception>
    /// <exception cref="DimensionNotAllowedException">A query's vector has another length than the collection's.</exception>
    public static TuneReport Run(Collection collection, IReadOnlyList<TuneQuery> queries, Judgements? judgements = null, TuneOptions? options = null, IProgress<TuneProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(collection);
        options ??= new();
        var started = Stopwatch.GetTimestamp();
        using var bench = Workbench.Open(collection, queries, judgements, options);
        var (space, reranking) = Candidates(bench);
        using var journal = new Journal(options.StateFile, Identity(bench, space, reranking));
        var measured = Measure(bench, collection, space, reranking, journal, progress, cancellationToken);
        progress?.Report(new("tracing losses", 0, ""));
        var traced = (measured.Recommendation.Plan ?? measured.Full).Plan;
        var losses = new LossFinder(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads).Find(traced, measured.Reranked.Found.GetValueOrDefault(traced), cancellationToken);
        return new()
        {
            Collection = collection.Directory,
            Model = bench.Info.Recipe.Name,
            Fingerprint = bench.Info.Recipe.Fingerprint,
            Rows = bench.Info.Records,
            Dimensions = bench.Info.Recipe.Dimensions.Full,
            NestedDimensions = bench.Info.Recipe.Dimensions.Dimensions,
            FullPrecision = bench.Info.FullPrecision,
            StoredBytes = (double)bench.Info.Segments.Sum(segment => segment.Bytes) / Math.Max(1, bench.Info.Segments.Sum(segment => segment.Rows)),
            CatalogBytes = (double)bench.Info.CatalogBytes / bench.Info.Records,
            Machine = Machine.Current().ToString(),
            Measured = DateTimeOffset.UtcNow,
            Truth = bench.Evaluator.Truth.Summary,
            Options = options,
            Metric = bench.Metric.ToString(),
            Metrics = [.. bench.Evaluator.Metrics.Select(metric => metric.ToString())],
            Plans = measured.Results,
            Full = measured.Full,
            DepthCurves = measured.Curves,
            Build = measured.Build,
            Recommendation = measured.Recommendation,
            Losses = losses,
            QueryIds = [.. measured.Order.Select(q => bench.Evaluator.Truth.Queries[q].Id)],
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            Resumed = journal.Resumed,
        };
    }

    private sealed record Measured(int[] Order, BuildCost Build, IReadOnlyList<DepthCurve> Curves, IReadOnlyList<PlanResult> Results, RerankedPlans Reranked, PlanResult Full, Recommendation Recommendation);

    private static Measured Measure(Workbench bench, Collection collection, List<SearchPlan> space, List<SearchPlan> reranking, Journal journal, IProgress<TuneProgress>? progress, CancellationToken cancellationToken)
    {
        var options = bench.Options;
        var share = options.Rerankers.Count > 0 ? 1 - RerankingShare : 1;
        var plain = options.Budget * share;
        var exploration = new Explorer(bench.Reader, bench.Evaluator, bench.Info, new(bench.Threads, plain * ExploringShare, options.Plans is null, ShareOfAll: share * ExploringShare), journal, progress).Run(space, cancellationToken);
        var chosen = Finalists(exploration, bench);
        var order = exploration.Order[..Affordable(exploration, chosen, bench, plain)];
        var runs = new PlanRunner(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal, progress).Run(chosen, order, cancellationToken);
        var times = new TimeMeter(bench.Reader, bench.Evaluator.Truth.Queries, options.K, journal, progress).Measure(chosen, plain * TimingShare, cancellationToken);
        var lists = new ListsDepths(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal).Of(exploration.Plans.Where(plan => chosen.Contains(plan.Plan)), order, plain * ListsDepthsShare, cancellationToken);
        progress?.Report(new("building", 0, ""));
        var build = BuildMeter.Measure(collection, options.Budget, journal, cancellationToken);
        var builder = new ResultBuilder(bench, exploration, build);
        var recommender = new Recommender(options, bench.Evaluator.Truth.Summary with { Queries = order.Length }, bench.Metric.ToString(), bench.Exact);
        var results = builder.Build(runs, times);
        var reranked = RerankedPlans.None;
        if (options.Rerankers.Count > 0)
        {
            var best = recommender.Choose([.. results.Where(result => result.Measured)]).Plan?.Plan ?? bench.Exact;
            var families = RerankFamily.Of(reranking).Concat(RerankFamily.Around(options.Rerankers.Keys.Except(reranking.Select(plan => plan.Rerank!.Name)), best, options.K, bench.Info.Records)).ToList();
            reranked = new RerankMeter(collection, bench, journal, progress).Run(families, order, options.Budget * RerankingShare, cancellationToken);
            results = builder.Build([.. runs, .. reranked.Runs], [.. times, .. reranked.Times]);
        }
        return new(order, build, [.. exploration.Curves, .. lists], results, reranked, results.First(result => result.Plan.Equals(bench.Exact)),
            recommender.Choose([.. results.Where(result => result.Measured)], reranked.Notes));
    }

    // Plans to explore, and those that end in rerankers, which are measured after them.
    private static (List<SearchPlan> Space, List<SearchPlan> Reranked) Candidates(Workbench bench)
    {
        if (bench.Options.Plans is not { } given)
            return (SearchSpace.Of(bench.Info, bench.Options.K), []);
        if (given.FirstOrDefault(plan => plan.Rerank is { } rerank && Math.Min(RerankFamily.DepthOf(plan), rerank.Keep ?? int.MaxValue) < bench.Options.K) is { } narrow)
            throw new MatryoshkaException($"The plan '{narrow}' keeps fewer than the {bench.Options.K} hits asked for: raise its x, or ask for fewer.");
        // A preset's stages depend on the rows there are: what runs is what is measured.
        SearchPlan Stages(SearchPlan plan) => plan.Preset is null ? plan : bench.Reader.Nearest(bench.Evaluator.Truth.Queries[0].Vector.Span, bench.Options.K, plan).Plan;
        return ([.. given.Where(plan => plan.Rerank is null).Select(Stages).Append(bench.Exact).Distinct()], [.. given.Where(plan => plan.Rerank is not null).Distinct()]);
    }

    // The exact prefixes for the picture, the default to compare with, and of the front so many, spread over it.
    private static List<SearchPlan> Finalists(Exploration exploration, Workbench bench)
    {
        if (bench.Options.Plans is not null)
            return [.. exploration.Plans.Select(plan => plan.Plan)];
        var front = exploration.Front.OrderByDescending(plan => plan.Mean).ThenBy(plan => plan.Seconds).ToList();
        bool Always(ExploredPlan plan) => plan.Plan.Equals(bench.Exact) || plan.Plan.Equals(bench.Info.DefaultPlan) || plan.Plan.Stages.Count == 1 && plan.Plan.Stages[0].Precision == bench.Info.FullPrecision;
        var always = front.Where(Always).ToList();
        // What is far from the share asked for is for the picture only: the nearest to it are measured.
        var full = front.First(plan => plan.Plan.Equals(bench.Exact)).Mean;
        var others = front.Except(always).OrderBy(plan => Math.Abs(plan.Mean / Math.Max(full, 1e-9) - bench.Options.Keep - 0.002)).Take(MostMeasured - always.Count);
        return [.. always.Concat(others).Select(plan => plan.Plan)];
    }

    // As many queries as exploring used at least, and as many more as their share of the time allows.
    private static int Affordable(Exploration exploration, List<SearchPlan> plans, Workbench bench, TimeSpan budget)
    {
        var once = exploration.Plans.Where(plan => plans.Contains(plan.Plan)).Sum(plan => plan.Seconds) / bench.Threads;
        return (int)Math.Min(exploration.Order.Length, Math.Max(exploration.Plans.Max(plan => plan.Primary.Count), budget.TotalSeconds * RunningShare / once));
    }

    // Another collection, other queries or other settings are another measurement.
    private static string Identity(Workbench bench, List<SearchPlan> space, List<SearchPlan> reranked)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"2 {bench.Info.Recipe.Fingerprint} {bench.Info.Created:O} {bench.Reader.Rows} {bench.Info.Segments.Count} {bench.Options.K} {bench.Options.Budget} {bench.Threads} {string.Join(' ', bench.Evaluator.Metrics)} {Environment.ProcessorCount}"));
        foreach (var line in space.Concat(reranked).Select(plan => plan.ToString()).Concat(bench.Options.Rerankers.Keys.Order(StringComparer.Ordinal)))
            text.Append('\n').Append(line);
        for (var q = 0; q < bench.Evaluator.Truth.Queries.Count; q++)
        {
            var query = bench.Evaluator.Truth.Queries[q];
            text.Append('\n').Append(query.Id).Append(' ').Append(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(query.Vector.Span)))[..16]);
            if (bench.Evaluator.Truth.Truths is { } truths)
                text.Append(' ').AppendJoin(',', truths[q].Relevant.Order()).Append('/').AppendJoin(',', truths[q].Ideal);
        }
        return "mrl tune " + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
