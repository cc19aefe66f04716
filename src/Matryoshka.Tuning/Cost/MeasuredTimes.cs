using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Tuning.Cost;

/// <summary>Times of one plan, all rounds together.</summary>
/// <param name="Microseconds">Every query's time, ascending.</param>
/// <param name="QueriesPerSecond">Median of the rounds, one thread.</param>
/// <param name="ScanShare">The share of the time that the first stage takes, which grows with the rows.</param>
internal sealed record MeasuredTimes(float[] Microseconds, double QueriesPerSecond, double ScanShare)
{
    public double Percentile(double share) => Microseconds[Math.Clamp((int)Math.Ceiling(share * Microseconds.Length) - 1, 0, Microseconds.Length - 1)];

    public double MeanSeconds => Microseconds.Average(time => time) / 1e6;
}

/// <summary>
/// Times plans against each other: after a warm-up, rounds in which the plans take turns, each round beginning with another one,
/// so that a change of clock or a neighbour's burst falls on all of them.
/// </summary>
internal sealed class TimeMeter(CollectionReader reader, IReadOnlyList<TuneQuery> queries, int k, Journal journal, IProgress<TuneProgress>? progress)
{
    private const int Rounds = 5;

    public IReadOnlyList<MeasuredTimes> Measure(IReadOnlyList<SearchPlan> plans, TimeSpan budget, CancellationToken cancellationToken)
    {
        var time = budget / (plans.Count * Rounds);
        var times = plans.Select(_ => new List<float>()).ToArray();
        var rates = plans.Select(_ => new List<double>()).ToArray();
        var (scans, totals) = (new double[plans.Count], new double[plans.Count]);
        var cursors = plans.Select(_ => new int[1]).ToArray();
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < plans.Count; i++)
            {
                var p = (i + round) % plans.Count;
                var measured = journal.Of($"turn {round} {plans[p]}", () => Turn(plans[p], cursors[p], time, cancellationToken));
                rates[p].Add(measured[0]);
                scans[p] += measured[1];
                totals[p] += measured[2];
                times[p].AddRange(measured.Skip(3).Select(value => (float)value));
                progress?.Report(new("timing", (double)(round * plans.Count + i + 1) / (Rounds * plans.Count), plans[p].ToString()));
            }
        return [.. plans.Select((_, p) => new MeasuredTimes([.. times[p].Order()], rates[p].Order().ElementAt(Rounds / 2), totals[p] > 0 ? scans[p] / totals[p] : 1))];
    }

    // Rate, time in the first stage, time in all stages, then every query's microseconds.
    private double[] Turn(SearchPlan plan, int[] cursor, TimeSpan time, CancellationToken cancellationToken)
    {
        double scan = 0, all = 0;
        var (rate, microseconds) = Cost.Turn.Run(query =>
        {
            var stages = reader.Nearest(queries[query].Vector.Span, k, plan).Stages;
            scan += stages[0].Elapsed.TotalSeconds;
            for (var s = 0; s < stages.Count; s++)
                all += stages[s].Elapsed.TotalSeconds;
        }, queries.Count, cursor, time, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return [rate, scan, all, .. microseconds.Select(value => (double)value)];
    }
}
