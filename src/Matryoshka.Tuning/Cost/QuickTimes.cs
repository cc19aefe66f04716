using System.Diagnostics;
using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Tuning.Cost;

/// <summary>A first idea of how long plans take: a few queries each, in turns, the median.</summary>
internal static class QuickTimes
{
    private const int MostRounds = 9;
    private const int FewestRounds = 3;
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(1);

    /// <returns>Seconds a query, for each plan.</returns>
    public static double[] Of(CollectionReader reader, IReadOnlyList<TuneQuery> queries, IReadOnlyList<SearchPlan> plans, int k, TimeSpan limit, Journal journal, CancellationToken cancellationToken) =>
        journal.Of("quick times", () => Measure(reader, queries, plans, k, limit, cancellationToken));

    // Until the runtime has compiled the loops for good everything takes several times as long.
    private static void WarmUp(CollectionReader reader, IReadOnlyList<TuneQuery> queries, IReadOnlyList<SearchPlan> plans, int k, TimeSpan limit, CancellationToken cancellationToken)
    {
        var until = limit < LongestWarmUp ? limit : LongestWarmUp;
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; Stopwatch.GetElapsedTime(started) < until; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            reader.Nearest(queries[i % queries.Count].Vector.Span, k, plans[i % plans.Count]);
        }
    }

    private static double[] Measure(CollectionReader reader, IReadOnlyList<TuneQuery> queries, IReadOnlyList<SearchPlan> plans, int k, TimeSpan limit, CancellationToken cancellationToken)
    {
        WarmUp(reader, queries, plans, k, limit / 4, cancellationToken);
        var times = new List<double>[plans.Count];
        var started = Stopwatch.GetTimestamp();
        for (var round = 0; round < MostRounds && (round < FewestRounds || Stopwatch.GetElapsedTime(started) < limit); round++)
            for (var p = 0; p < plans.Count; p++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var vector = queries[round % queries.Count].Vector;
                // The first faults planes in and compiles; from then on the plan before has only left its own lines in the caches.
                if (round == 0)
                    reader.Nearest(vector.Span, k, plans[p]);
                var before = Stopwatch.GetTimestamp();
                reader.Nearest(vector.Span, k, plans[p]);
                (times[p] ??= []).Add(Stopwatch.GetElapsedTime(before).TotalSeconds);
            }
        return Array.ConvertAll(times, list => list.Order().ElementAt(list.Count / 2));
    }
}
