using System.Diagnostics;
using Matryoshka.Cli.Output;
using Matryoshka.Tuning.Cost;

namespace Matryoshka.Cli.Bench;

/// <summary>How to measure.</summary>
/// <param name="K">Hits asked for.</param>
/// <param name="Threads">Queries at the same time, each on a thread of its own.</param>
/// <param name="Rounds">Turns each plan gets.</param>
/// <param name="Seconds">Time for all turns together; in a sweep, for all of it. Null for the usual.</param>
/// <param name="Filter">What every search is filtered by.</param>
/// <param name="Sweep">Whether the plans are those of the grid rather than named ones.</param>
internal sealed record BenchSettings(int K, int Threads, int Rounds, double? Seconds, Filter? Filter, bool Sweep);

/// <summary>A plan that could not be run, and why.</summary>
internal sealed record PlanFailure(string Plan, string Message);

/// <summary>
/// Measures plans against each other: a first look at each, the truth, the recall of each over all queries, then rounds in which
/// the plans take turns, so that a change of clock or a neighbour's burst falls on all of them.
/// </summary>
internal sealed class BenchRun(Session session, CollectionReader reader, BenchSettings settings)
{
    private const int SecondsPerPlan = 2;
    private const int SecondsPerSweep = 60;
    private const int FirstLook = 5;
    private const int FewestQueries = 20;

    private readonly List<MeasuredPlan> plans = [];
    private readonly List<PlanFailure> failures = [];

    public BenchSettings Settings => settings;

    /// <summary>What could be run, in the order given.</summary>
    public IReadOnlyList<MeasuredPlan> Plans => plans;

    /// <summary>What could not. Empty in a sweep, which holds plans for every kind of collection.</summary>
    public IReadOnlyList<PlanFailure> Failures => settings.Sweep ? [] : failures;

    /// <summary>The queries that recall was measured with.</summary>
    public BenchQueries Queries { get; private set; } = new([], [], null);

    /// <summary>Whether all rounds were run.</summary>
    public bool Complete { get; private set; }

    /// <summary>Seconds the turns may take together.</summary>
    private double TurnSeconds => settings.Seconds is { } given ? given / (settings.Sweep ? 2 : 1)
        : settings.Sweep ? SecondsPerSweep / 2.0 : SecondsPerPlan * plans.Count;

    /// <exception cref="MatryoshkaException">No plan can be run on the collection.</exception>
    public void Measure(IReadOnlyList<PlanCandidate> candidates, SearchPlan exact, BenchQueries queries, string? truthFile, CancellationToken cancellationToken)
    {
        LookAtEach(candidates, queries, cancellationToken);
        if (plans.Count == 0)
            throw new MatryoshkaException($"None of the plans can be run on '{session.Directory}': {failures[0].Message}");
        foreach (var failure in Failures)
            session.Warn($"left out '{failure.Plan}': {failure.Message}");
        Queries = settings.Sweep ? queries.Spread(Affordable(exact, truthFile is null)) : queries;
        if (settings.Sweep)
            session.Note($"{plans.Count} plans, recall over {(Queries.Count < queries.Count ? $"{Figures.Grouped(Queries.Count)} of " : "")}{Figures.Grouped(queries.Count)} queries, about {Figures.Seconds(2 * TurnSeconds)}.");
        var truths = truthFile is null
            ? Truth.Compute(session, reader, exact, Queries, settings.K, settings.Filter, cancellationToken)
            : Truth.Read(truthFile, reader, Queries, settings.K);
        if (Array.TrueForAll(truths, truth => truth.Wanted == 0))
            throw new MatryoshkaException($"The filter '{settings.Filter}' lets none of the records in '{session.Directory}' through: there is nothing to find.");
        MeasureRecall(truths, cancellationToken);
        MeasureSpeed(cancellationToken);
        Complete = true;
    }

    // Compiles code, faults planes in, and tells what cannot run and what takes long.
    private void LookAtEach(IReadOnlyList<PlanCandidate> candidates, BenchQueries queries, CancellationToken cancellationToken)
    {
        using var progress = new Progress(session, "tried", "plans", candidates.Count);
        foreach (var candidate in candidates)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var resolved = Search(candidate.Plan, queries.Vectors[0]).Plan;
                var times = new double[FirstLook];
                for (var i = 0; i < FirstLook; i++)
                {
                    var started = Stopwatch.GetTimestamp();
                    Search(candidate.Plan, queries.Vectors[i % queries.Count]);
                    times[i] = Stopwatch.GetElapsedTime(started).TotalSeconds;
                }
                plans.Add(new(candidate, resolved, settings.Threads) { Estimate = times.Order().ElementAt(FirstLook / 2) });
            }
            catch (MatryoshkaException error)
            {
                failures.Add(new(candidate.Name, error.Message));
            }
            progress.Report(plans.Count + failures.Count);
        }
    }

    /// <summary>How many queries half of a sweep's time suffices for, truth and every plan's recall together.</summary>
    private int Affordable(SearchPlan exact, bool withTruth)
    {
        double once = 0;
        foreach (var plan in plans)
            once += plan.Estimate * (withTruth && plan.Resolved.Equals(exact) ? 2 : 1);
        return Math.Max(FewestQueries, (int)Math.Min(int.MaxValue, TurnSeconds * Environment.ProcessorCount / once));
    }

    private void MeasureRecall(Truth[] truths, CancellationToken cancellationToken)
    {
        var (recalls, bytes) = (new double[Queries.Count], new long[Queries.Count]);
        var done = 0;
        using var progress = new Progress(session, "recall", "searches", (long)plans.Count * Queries.Count);
        foreach (var plan in plans)
        {
            Parallel.For(0, Queries.Count, new ParallelOptions { CancellationToken = cancellationToken }, i =>
            {
                var found = Search(plan.Candidate.Plan, Queries.Vectors[i]);
                recalls[i] = truths[i].Recall(found.Ids);
                bytes[i] = 0;
                foreach (var stage in found.Stages)
                    bytes[i] += stage.BytesRead;
                progress.Report(Interlocked.Increment(ref done));
            });
            plan.Recall = recalls.Average();
            plan.BytesRead = bytes.Average();
        }
    }

    private void MeasureSpeed(CancellationToken cancellationToken)
    {
        var time = TimeSpan.FromSeconds(TurnSeconds / (plans.Count * settings.Rounds));
        foreach (var plan in plans)
            for (var thread = 0; thread < settings.Threads; thread++)
                plan.Cursors[thread] = (int)((long)thread * Queries.Count / settings.Threads);
        using var progress = new Progress(session, "measured", "turns", (long)plans.Count * settings.Rounds);
        for (var round = 0; round < settings.Rounds; round++)
            for (var i = 0; i < plans.Count; i++)
            {
                // Each round begins with another plan, so that none always follows the same one.
                var plan = plans[(i + round) % plans.Count];
                var (rate, times) = Turn.Run(query => Search(plan.Candidate.Plan, Queries.Vectors[query]), Queries.Count, plan.Cursors, time, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                plan.Rates.Add(rate);
                plan.Microseconds.AddRange(times);
                progress.Report((long)round * plans.Count + i + 1);
            }
    }

    private Neighbours Search(SearchPlan? plan, ReadOnlyMemory<float> query) => reader.Nearest(query.Span, settings.K, plan, settings.Filter);
}
