using System.Diagnostics;
using Matryoshka.Tuning.Exploring;
using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Tuning;

/// <summary>A model to compare: the same records embedded by it, and the same queries.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Collection">The records.</param>
/// <param name="Queries">The queries, with the same ids for every model.</param>
public sealed record ComparedModel(string Name, Collection Collection, IReadOnlyList<TuneQuery> Queries);

/// <summary>What a model's exact search finds at one dimension.</summary>
/// <param name="Dimensions">The prefix.</param>
/// <param name="Bytes">Bytes a vector at full precision.</param>
/// <param name="Quality">The mean of every measure.</param>
/// <param name="Kept">The share of the model's own full quality.</param>
/// <param name="AgainstFirst">The share of the first model's full quality, with its interval and significance.</param>
/// <param name="Microseconds">Median time of a query, one at a time.</param>
public sealed record DimensionQuality(int Dimensions, double Bytes, IReadOnlyDictionary<string, double> Quality, ShareKept Kept, ShareKept AgainstFirst, double Microseconds);

/// <summary>What a model keeps at every dimension.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Dimensions">From the smallest to full.</param>
public sealed record ModelQuality(string Model, IReadOnlyList<DimensionQuality> Dimensions);

/// <summary>Compares models on the same judged queries: quality by dimension, cost, significance.</summary>
public static class ModelComparison
{
    private const int TimedQueries = 200;

    /// <summary>Measures every model at each of its nested dimensions, by exact search.</summary>
    /// <param name="models">Two models or more; all are held against the first.</param>
    /// <param name="judgements">What is relevant, by the records' keys.</param>
    /// <param name="k">Hits a search returns.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MatryoshkaException">Judgements do not fit, or the models were given different queries.</exception>
    public static IReadOnlyList<ModelQuality> Run(IReadOnlyList<ComparedModel> models, Judgements judgements, int k = 10, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(judgements);
        if (models.Count < 2)
            throw new MatryoshkaException("A comparison takes two models or more.");
        double[]? first = null;
        List<string>? ids = null;
        var results = new List<ModelQuality>();
        foreach (var model in models)
        {
            using var bench = Workbench.Open(model.Collection, model.Queries, judgements, new() { K = k });
            var asked = bench.Evaluator.Truth.Queries.Select(query => query.Id).ToList();
            ids ??= asked;
            if (!ids.SequenceEqual(asked, StringComparer.Ordinal))
                throw new MatryoshkaException($"'{model.Name}' was measured with other queries than '{models[0].Name}': pairs of values need the same queries and records.");
            using var journal = new Journal(null, "");
            List<SearchPlan> plans = [.. bench.Info.Recipe.Dimensions.Dimensions.Select(d => SearchPlan.Exact(bench.Info.FullPrecision, d == bench.Info.Recipe.Dimensions.Full ? null : d))];
            var runs = new PlanRunner(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal, null).Run(plans, [.. Enumerable.Range(0, asked.Count)], cancellationToken);
            var full = runs[^1].Values[0];
            first ??= full;
            results.Add(new(model.Name, [.. runs.Select((run, i) => Quality(bench, run, bench.Info.Recipe.Dimensions.Dimensions[i], full, first))]));
        }
        return results;
    }

    private static DimensionQuality Quality(Workbench bench, PlanRun run, int dimensions, double[] full, double[] first) => new(
        dimensions, dimensions * (bench.Info.FullPrecision == Precision.F16 ? 2.0 : 4.0),
        bench.Evaluator.Metrics.Select((metric, m) => (metric, m)).ToDictionary(pair => pair.metric.ToString(), pair => run.Values[pair.m].Average()),
        PairedBootstrap.Of(run.Values[0], full), PairedBootstrap.Of(run.Values[0], first), Time(bench, run.Plan));

    private static double Time(Workbench bench, SearchPlan plan)
    {
        var times = new List<double>();
        foreach (var query in bench.Evaluator.Truth.Queries.Take(TimedQueries))
        {
            var started = Stopwatch.GetTimestamp();
            bench.Reader.Nearest(query.Vector.Span, bench.Options.K, plan);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
        return times.Order().ElementAt(times.Count / 2);
    }
}
