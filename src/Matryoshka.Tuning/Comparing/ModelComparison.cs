using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Exploring;
using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Tuning;

/// <summary>Compares models on the same judged queries: quality by dimension and precision, cost, significance.</summary>
public static class ModelComparison
{
    private const int Rounds = 5;
    private static readonly TimeSpan TurnTime = TimeSpan.FromMilliseconds(5);

    /// <summary>Measures every model at each of its nested dimensions, scanning all rows at full precision, int8 and bit.</summary>
    /// <param name="models">Two models or more; all are held against the first.</param>
    /// <param name="judgements">What is relevant, by the records' keys.</param>
    /// <param name="k">Hits a search returns.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MatryoshkaException">Judgements do not fit, or the models were given different queries.</exception>
    public static ComparisonReport Run(IReadOnlyList<ComparedModel> models, Judgements judgements, int k = 10, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(judgements);
        if (models.Count < 2)
            throw new MatryoshkaException("A comparison takes two models or more.");
        var benches = new List<Workbench>();
        try
        {
            foreach (var model in models)
                benches.Add(Workbench.Open(model.Collection, model.Queries, judgements, new() { K = k }));
            RequireSameQueries(models, benches);
            using var journal = new Journal(null, "");
            var runs = benches.ConvertAll(bench => new PlanRunner(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal, null)
                .Run(Plans(bench), [.. Enumerable.Range(0, bench.Evaluator.Truth.Queries.Count)], cancellationToken));
            var times = Times(benches, runs, cancellationToken);
            double[][] full = [.. runs.Select((run, m) => run.First(plan => plan.Plan.Equals(benches[m].Exact)).Values[0])];
            return new()
            {
                Rows = benches[0].Info.Records,
                K = k,
                Truth = benches[0].Evaluator.Truth.Summary,
                Metric = benches[0].Metric.ToString(),
                Metrics = [.. benches[0].Evaluator.Metrics.Select(metric => metric.ToString())],
                Models = [.. models.Select((model, m) => new ModelQuality(model.Name, benches[m].Info.Recipe.Fingerprint, benches[m].Info.FullPrecision,
                    [.. runs[m].Select((run, p) => Quality(benches[m], run, full[m], full[0], times[m][p]))]))],
                Pairs = Pairs(models, full),
                Machine = Machine.Current().ToString(),
                Measured = DateTimeOffset.UtcNow,
            };
        }
        finally
        {
            benches.ForEach(bench => bench.Dispose());
        }
    }

    private static void RequireSameQueries(IReadOnlyList<ComparedModel> models, List<Workbench> benches)
    {
        List<string> Asked(Workbench bench) => [.. bench.Evaluator.Truth.Queries.Select(query => query.Id)];
        var ids = Asked(benches[0]);
        for (var m = 1; m < benches.Count; m++)
            if (!ids.SequenceEqual(Asked(benches[m]), StringComparer.Ordinal))
                throw new MatryoshkaException($"'{models[m].Name}' was measured with other queries than '{models[0].Name}': pairs of values need the same queries and records.");
    }

    private static List<SearchPlan> Plans(Workbench bench)
    {
        var dimensions = bench.Info.Recipe.Dimensions;
        bool Stores(Precision precision) => precision == bench.Info.FullPrecision || bench.Info.Planes.Count == 0 || bench.Info.Planes.Any(plane => plane.Kind.Equals(precision.ToString(), StringComparison.OrdinalIgnoreCase));
        return [.. ((Precision[])[bench.Info.FullPrecision, Precision.Int8, Precision.Bit]).Where(Stores)
            .SelectMany(precision => dimensions.Dimensions.Select(d => SearchPlan.Exact(precision, d == dimensions.Full ? null : d)))];
    }

    private static DimensionQuality Quality(Workbench bench, PlanRun run, double[] full, double[] first, double microseconds)
    {
        var stage = run.Plan.Stages[0];
        var dimensions = stage.Dimensions ?? bench.Info.Recipe.Dimensions.Full;
        var (low, high) = PairedBootstrap.OfMean(run.Values[0]);
        return new(dimensions, stage.Precision, Footprint.Components(stage.Precision, dimensions),
            bench.Evaluator.Metrics.Select((metric, m) => (metric, m)).ToDictionary(pair => pair.metric.ToString(), pair => run.Values[pair.m].Average()),
            low, high, PairedBootstrap.Of(run.Values[0], full), PairedBootstrap.Of(run.Values[0], first), microseconds);
    }

    // Every plan of every model in turns, so that a change of clock falls on all of them.
    private static double[][] Times(List<Workbench> benches, List<IReadOnlyList<PlanRun>> runs, CancellationToken cancellationToken)
    {
        var times = runs.ConvertAll(run => run.Select(_ => new List<float>()).ToArray());
        var cursors = runs.ConvertAll(run => run.Select(_ => new int[1]).ToArray());
        for (var round = 0; round < Rounds; round++)
            for (var m = 0; m < benches.Count; m++)
                for (var p = 0; p < runs[m].Count; p++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var (bench, plan) = (benches[m], runs[m][p].Plan);
                    times[m][p].AddRange(Turn.Run(query => bench.Reader.Nearest(bench.Evaluator.Truth.Queries[query].Vector.Span, bench.Options.K, plan),
                        bench.Evaluator.Truth.Queries.Count, cursors[m][p], TurnTime, cancellationToken).Microseconds);
                }
        return [.. times.Select(model => Array.ConvertAll(model, plan => (double)plan.Order().ElementAt(plan.Count / 2)))];
    }

    private static List<ModelPair> Pairs(IReadOnlyList<ComparedModel> models, double[][] full)
    {
        var pairs = new List<ModelPair>();
        for (var a = 0; a < models.Count; a++)
            for (var b = a + 1; b < models.Count; b++)
                pairs.Add(new(models[a].Name, models[b].Name, PairedBootstrap.Of(full[b], full[a]), 1));
        var adjusted = RandomisationTest.Holm([.. pairs.Select(pair => pair.Kept.PValue)]);
        return [.. pairs.Select((pair, i) => pair with { Adjusted = adjusted[i] })];
    }
}
