using System.Diagnostics;
using System.Globalization;
using Matryoshka.Tuning.Cost;

namespace Matryoshka.Tuning.Exploring;

/// <summary>How to explore.</summary>
/// <param name="Threads">Queries at the same time while quality is measured.</param>
/// <param name="Budget">Time for exploring.</param>
/// <param name="Drop">Whether plans that others beat are dropped on the way; without it every plan is measured on every query.</param>
/// <param name="MostQueries">Queries to explore with: who is near the front is clear by then, and the finalists are run on all of them.</param>
/// <param name="ShareOfAll">The share that the budget is of the time given for everything, to say how much would do.</param>
internal sealed record ExploreSettings(int Threads, TimeSpan Budget, bool Drop = true, int MostQueries = 700, double ShareOfAll = 1);

/// <summary>What exploring found.</summary>
/// <param name="Plans">All plans, the dropped ones measured as far as it took to drop them.</param>
/// <param name="Order">All queries in the order to use them, by their number; exploring used the first.</param>
/// <param name="Curves">How deep first stages must go.</param>
/// <param name="Seconds">Time it took.</param>
internal sealed record Exploration(IReadOnlyList<ExploredPlan> Plans, int[] Order, IReadOnlyList<DepthCurve> Curves, double Seconds)
{
    /// <summary>The plans nothing beats.</summary>
    public IEnumerable<ExploredPlan> Front => Plans.Where(plan => plan.DominatedBy is null);
}

/// <summary>
/// Finds the plans worth measuring: all of them on a hundred queries drawn at random, then those still in the race on four
/// times as many, and so on. One scan serves all plans with the same first stage (<see cref="Family"/>).
/// </summary>
internal sealed class Explorer(CollectionReader reader, Evaluator evaluator, CollectionInfo info, ExploreSettings settings, Journal journal, IProgress<TuneProgress>? progress)
{
    private const int FirstRound = 100;
    private const int Growth = 4;
    private const int ChunkQueries = 100;
    private const int DeepestLook = 10_000;

    private readonly SearchPlan exact = SearchPlan.Exact(info.FullPrecision);

    public Exploration Run(IReadOnlyList<SearchPlan> candidates, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var families = SearchSpace.Families(candidates);
        var plans = families.SelectMany(family => family.Plans).ToList();
        var order = Enumerable.Range(0, evaluator.Truth.Queries.Count).ToArray();
        new Statistics.SeededRandom(3).Shuffle<int>(order);
        var seconds = QuickTimes.Of(reader, evaluator.Truth.Queries, plans, evaluator.K, settings.Budget / 6, journal, cancellationToken);
        var explored = new List<ExploredPlan>();
        foreach (var family in families)
            foreach (var plan in family.Plans)
                explored.Add(new(plan, family.Name, seconds[explored.Count], Footprint.Resident(plan, info)));

        var deepest = candidates.SelectMany(plan => plan.Stages).Max(stage => stage.Keep ?? evaluator.K);
        var depth = (int)Math.Clamp(Math.Min(deepest, info.Records), evaluator.K, DeepestLook);
        var work = new ChunkWork(reader, evaluator, exact, depth, settings.Threads);
        var curves = new CurveSums(work.Depths);
        var queries = Math.Min(settings.MostQueries, Affordable(families, explored, order.Length));
        for (int done = 0, round = Math.Min(FirstRound, queries); done < queries; round = Math.Min(queries - done, round * Growth))
        {
            for (var end = done + round; done < end;)
            {
                var chunk = order[done..Math.Min(end, done + ChunkQueries)];
                Measure(work, families, explored, curves, chunk, done, cancellationToken);
                done += chunk.Length;
                progress?.Report(new("exploring", (double)done / queries, $"{explored.Count(plan => plan.DominatedBy is null)} of {explored.Count} plans in the race"));
            }
            if (settings.Drop && done < queries)
                Race(families, explored);
        }
        if (settings.Drop)
            Race(families, explored);
        return new(explored, order, curves.ToCurves(), Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private void Measure(ChunkWork work, List<Family> families, List<ExploredPlan> explored, CurveSums curves, int[] chunk, int from, CancellationToken cancellationToken)
    {
        work.Begin(chunk);
        var metrics = evaluator.Metrics.Count;
        var first = 0;
        foreach (var family in families)
        {
            var alive = family.Alive;
            if (alive.Count > 0)
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"{family.Name} {from}+{chunk.Length} {string.Join(',', alive)}");
                FamilyChunk? measured = null;
                FamilyChunk Now() => measured ??= work.Measure(family, cancellationToken);
                var values = journal.Of(key, () => Now().Values);
                var within = journal.Of(key + " depths", () => (int[])[.. Now().WithinDepth, Now().Wanted]);
                if (family.Scan is not null)
                    curves.Add(family.Name, within, chunk.Length);
                var size = chunk.Length * metrics;
                for (var p = 0; p < alive.Count; p++)
                    explored[first + alive[p]].Add(values[(p * size)..((p + 1) * size)], metrics);
            }
            first += family.Plans.Count;
        }
    }

    private void Race(List<Family> families, List<ExploredPlan> explored)
    {
        var full = explored.Find(plan => plan.Plan.Equals(exact))?.Mean ?? 1;
        // What every other one is held against, and every prefix by itself, which the quality-by-dimension picture shows, stay.
        Domination.Drop(explored, full);
        foreach (var plan in explored.Where(plan => plan.Plan.Equals(exact) || plan.Plan.Equals(info.DefaultPlan) || IsPrefixAlone(plan.Plan)))
            plan.DominatedBy = null;
        var first = 0;
        foreach (var family in families)
        {
            family.Alive.RemoveAll(p => explored[first + p].DominatedBy is not null);
            first += family.Plans.Count;
        }
    }

    private bool IsPrefixAlone(SearchPlan plan) => plan.Stages is [var only] && only.Precision == info.FullPrecision;

    // Every family's scan once, all threads at work; scans that keep thousands take about twice as long as those that keep k.
    private int Affordable(List<Family> families, List<ExploredPlan> explored, int queries)
    {
        var once = families.Sum(family => explored.Where(plan => plan.Family == family.Name).Min(plan => plan.Seconds)) * 2 / settings.Threads;
        var affordable = (int)Math.Min(int.MaxValue, settings.Budget.TotalSeconds / once);
        if (affordable < Math.Min(queries, Statistics.PairedBootstrap.FewestQueries))
            throw new MatryoshkaException(FormattableString.Invariant($"The time given is too short: exploring {explored.Count} plans takes about {once:0.##} s a query, and {Math.Min(queries, Statistics.PairedBootstrap.FewestQueries)} queries are the least that tells anything. Give {Math.Ceiling(once * Statistics.PairedBootstrap.FewestQueries / settings.ShareOfAll):N0} seconds or more."));
        return Math.Min(queries, affordable);
    }
}
