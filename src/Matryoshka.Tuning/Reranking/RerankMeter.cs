using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Exploring;
using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Tuning.Reranking;

/// <summary>What plans that end in rerankers find and take.</summary>
/// <param name="Runs">What they find, on the first of the queries.</param>
/// <param name="Times">What they take, in the order of the runs.</param>
/// <param name="Found">For each plan what it returns to each query measured, all candidates in order.</param>
/// <param name="Notes">What was left out for want of time.</param>
internal sealed record RerankedPlans(IReadOnlyList<PlanRun> Runs, IReadOnlyList<MeasuredTimes> Times, IReadOnlyDictionary<SearchPlan, IReadOnlyDictionary<int, long[]>> Found, IReadOnlyList<string> Notes)
{
    public static readonly RerankedPlans None = new([], [], new Dictionary<SearchPlan, IReadOnlyDictionary<int, long[]>>(), []);
}

/// <summary>
/// Measures plans that end in rerankers: on a hundred queries at first, and on more only where the reranker is better than what it is
/// given. A call takes as long as thousands of scans, so time decides how many queries and how many candidates are read.
/// </summary>
internal sealed class RerankMeter(Collection collection, Workbench bench, Journal journal, IProgress<TuneProgress>? progress)
{
    private const int FirstQueries = 100;
    private const int Probes = 3;
    private const double QualityShare = 0.7;
    private const int MostRounds = 20;
    private const int FewestRounds = 5;

    private readonly PairScorer scorer = new(collection, bench, journal);
    private readonly PlanRunner runner = new(bench.Reader, bench.Evaluator, bench.Exact, bench.Threads, journal, null);

    /// <param name="families">What to measure.</param>
    /// <param name="order">Queries by number; the first are used.</param>
    /// <param name="budget">Time for all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public RerankedPlans Run(IReadOnlyList<RerankFamily> families, int[] order, TimeSpan budget, CancellationToken cancellationToken)
    {
        var (runs, notes) = (new List<PlanRun>(), new List<string>());
        var found = new Dictionary<SearchPlan, IReadOnlyDictionary<int, long[]>>();
        var each = budget * QualityShare / families.Count;
        foreach (var asked in families)
        {
            var family = Affordable(asked, order, each, cancellationToken);
            if (family.Plans.Count < asked.Plans.Count)
                notes.Add($"The time given allows '{family.Reranker}' {family.Deepest} candidates a query at most; more were not tried.");
            var scored = ScoreAll(family, order, each, cancellationToken);
            var queries = order[..scored.Count];
            var full = runner.Full(queries, cancellationToken);
            foreach (var plan in family.Plans)
            {
                var lists = scored.Select((pairs, i) => (Query: order[i], Ids: pairs.Reordered(RerankFamily.DepthOf(plan)))).ToDictionary(list => list.Query, list => list.Ids);
                found[plan] = lists;
                runs.Add(Measure(plan, queries, lists, full));
            }
        }
        return new(runs, Time([.. runs.Select(run => run.Plan)], order, budget * (1 - QualityShare), cancellationToken), found, notes);
    }

    // A few queries tell how long the others take; less than thirty would tell nothing of quality.
    private RerankFamily Affordable(RerankFamily family, int[] order, TimeSpan budget, CancellationToken cancellationToken)
    {
        var probed = order.Take(Probes).Select(query => scorer.Score(family, query, cancellationToken).Seconds).ToList();
        var queries = Math.Min(order.Length, PairedBootstrap.FewestQueries);
        var needed = probed.Average() * queries;
        if (needed <= budget.TotalSeconds)
            return family;
        if (family.Shrunk() is not { } smaller)
            throw new MatryoshkaException(FormattableString.Invariant($"The time given is too short for the reranker '{family.Reranker}': {queries} queries of {family.Deepest} candidates take about {needed:0} s. Give {Math.Ceiling(needed / budget.TotalSeconds * bench.Options.Budget.TotalSeconds):N0} seconds or more, or leave the reranker out."));
        return Affordable(smaller, order, budget, cancellationToken);
    }

    private List<ScoredPairs> ScoreAll(RerankFamily family, int[] order, TimeSpan budget, CancellationToken cancellationToken)
    {
        var scored = new List<ScoredPairs>();
        double spent = 0;
        for (var q = 0; q < order.Length; q++)
        {
            var enough = q >= PairedBootstrap.FewestQueries && spent + spent / q > budget.TotalSeconds;
            if (enough || q == FirstQueries && !Improves(family, order[..q], scored, cancellationToken))
                break;
            cancellationToken.ThrowIfCancellationRequested();
            scored.Add(scorer.Score(family, order[q], cancellationToken));
            spent += scored[^1].Seconds;
            progress?.Report(new("reranking", Math.Min(1, Math.Max((q + 1.0) / order.Length, spent / budget.TotalSeconds)), FormattableString.Invariant($"{family.Reranker}: {q + 1} queries")));
        }
        return scored;
    }

    // What is no better than what it reads costs time for nothing: a hundred queries are enough to report that.
    private bool Improves(RerankFamily family, int[] queries, List<ScoredPairs> scored, CancellationToken cancellationToken)
    {
        var full = runner.Full(queries, cancellationToken);
        double Mean(Func<ScoredPairs, long[]> found) => queries.Select((query, i) => Values(query, found(scored[i]), full[i])[0]).Average(value => value);
        return family.Plans.Any(plan => Mean(pairs => pairs.Reordered(RerankFamily.DepthOf(plan))) > Mean(pairs => pairs.Ids));
    }

    private PlanRun Measure(SearchPlan plan, int[] queries, Dictionary<int, long[]> found, RankedList[] full)
    {
        var values = Enumerable.Range(0, bench.Evaluator.Metrics.Count).Select(_ => new double[queries.Length]).ToArray();
        double bytes = 0;
        var retrieval = new SearchPlan(plan.Stages);
        for (var q = 0; q < queries.Length; q++)
        {
            var measured = Values(queries[q], found[queries[q]], full[q]);
            for (var m = 0; m < values.Length; m++)
                values[m][q] = measured[m];
            bytes += bench.Reader.Nearest(bench.Evaluator.Truth.Queries[queries[q]].Vector.Span, bench.Options.K, retrieval).Stages.Sum(stage => stage.BytesRead) / (double)queries.Length;
        }
        return new(plan, values, bytes);
    }

    private float[] Values(int query, long[] found, RankedList full)
    {
        var values = new float[bench.Evaluator.Metrics.Count];
        bench.Evaluator.Measure(query, found, full, values);
        return values;
    }

    // Whole searches, the plans in turns, a query a round.
    private List<MeasuredTimes> Time(List<SearchPlan> plans, int[] order, TimeSpan budget, CancellationToken cancellationToken)
    {
        var times = plans.ConvertAll(_ => new List<(double Seconds, double Scan)>());
        double spent = 0;
        for (var round = 0; round < MostRounds && (round < FewestRounds || spent + spent / round <= budget.TotalSeconds); round++)
            for (var i = 0; i < plans.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var p = (i + round) % plans.Count;
                var measured = journal.Of(FormattableString.Invariant($"reranked turn {round} {plans[p]}"), () =>
                {
                    var (seconds, scan) = scorer.Search(plans[p], order[round % order.Length], cancellationToken);
                    return (double[])[seconds, scan];
                });
                times[p].Add((measured[0], measured[1]));
                spent += measured[0];
                progress?.Report(new("timing rerankers", (round + (i + 1.0) / plans.Count) / MostRounds, plans[p].ToString()));
            }
        return times.ConvertAll(plan => new MeasuredTimes([.. plan.Select(time => (float)(time.Seconds * 1e6)).Order()], 1 / plan.Select(time => time.Seconds).Order().ElementAt(plan.Count / 2), plan.Sum(time => time.Scan) / plan.Sum(time => time.Seconds)));
    }
}
