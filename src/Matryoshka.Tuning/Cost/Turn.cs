using System.Diagnostics;

namespace Matryoshka.Tuning.Cost;

/// <summary>One plan's turn in a round: some threads, each with one query at a time, until the time is over.</summary>
internal static class Turn
{
    /// <param name="search">Runs the query of this number.</param>
    /// <param name="queries">How many queries there are; they go round.</param>
    /// <param name="cursors">Where each thread begins, and afterwards where it stopped.</param>
    /// <param name="time">How long; every thread times one query at least.</param>
    /// <param name="cancellationToken">Ends the turn early; what it measured is then to be thrown away.</param>
    /// <returns>Queries a second, and the time of each in microseconds.</returns>
    public static (double Rate, List<float> Microseconds) Run(Action<int> search, int queries, int[] cursors, TimeSpan time, CancellationToken cancellationToken)
    {
        (double Rate, List<float> Times) Drive(int thread)
        {
            var at = cursors[thread];
            int Next() => at = at + 1 < queries ? at + 1 : 0;
            // The plan before has left its own planes and code in the caches: one query is for those.
            search(Next());
            var times = new List<float>(1024);
            var started = Stopwatch.GetTimestamp();
            var deadline = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
            var last = started;
            do
            {
                search(Next());
                var now = Stopwatch.GetTimestamp();
                times.Add((float)Stopwatch.GetElapsedTime(last, now).TotalMicroseconds);
                last = now;
            }
            while (last < deadline && !cancellationToken.IsCancellationRequested);
            cursors[thread] = at;
            // Over its own time: threads end up to a query apart, and counting the wait for the last would flatter short queries.
            return (times.Count / Stopwatch.GetElapsedTime(started, last).TotalSeconds, times);
        }
        var others = Enumerable.Range(1, cursors.Length - 1)
            .Select(thread => Task.Factory.StartNew(() => Drive(thread), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var (rate, all) = Drive(0);
        foreach (var other in others)
        {
            var (more, times) = other.GetAwaiter().GetResult();
            rate += more;
            all.AddRange(times);
        }
        return (rate, all);
    }
}
