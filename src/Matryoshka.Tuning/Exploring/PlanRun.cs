namespace Matryoshka.Tuning.Exploring;

/// <summary>A plan run for real on every query.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Values">Values by measure and query.</param>
/// <param name="BytesRead">Mean bytes of planes a query.</param>
internal sealed record PlanRun(SearchPlan Plan, double[][] Values, double BytesRead);

/// <summary>Runs plans on all queries, on all processors, and measures what they find.</summary>
internal sealed class PlanRunner(CollectionReader reader, Evaluator evaluator, SearchPlan exact, int threads, Journal journal, IProgress<TuneProgress>? progress)
{
    /// <summary>Deep enough that ties at the k-th place are known from what follows.</summary>
    private const int Spare = 20;
    private const int Chunk = 200;

    public IReadOnlyList<PlanRun> Run(IReadOnlyList<SearchPlan> plans, int[] queries, CancellationToken cancellationToken)
    {
        var metrics = evaluator.Metrics.Count;
        var values = plans.Select(_ => Enumerable.Range(0, metrics).Select(_ => new double[queries.Length]).ToArray()).ToArray();
        var bytes = new double[plans.Count];
        for (var done = 0; done < queries.Length; done += Chunk)
        {
            var chunk = queries[done..Math.Min(queries.Length, done + Chunk)];
            RankedList[]? full = null;
            for (var p = 0; p < plans.Count; p++)
            {
                var plan = plans[p];
                var measured = journal.Of(FormattableString.Invariant($"run {done}+{chunk.Length} {plan}"), () => Measure(plan, chunk, full ??= Full(chunk, cancellationToken), cancellationToken));
                for (var q = 0; q < chunk.Length; q++)
                    for (var m = 0; m < metrics; m++)
                        values[p][m][done + q] = measured[q * metrics + m];
                bytes[p] += measured[^1] * (double)chunk.Length / queries.Length;
                progress?.Report(new("running", (done + (p + 1.0) / plans.Count * chunk.Length) / queries.Length, plan.ToString()));
            }
        }
        return [.. plans.Select((plan, p) => new PlanRun(plan, values[p], bytes[p]))];
    }

    public RankedList[] Full(int[] queries, CancellationToken cancellationToken)
    {
        var full = new RankedList[queries.Length];
        ForEach(queries.Length, q => full[q] = new(reader.Nearest(Vector(queries[q]), Math.Min(10_000, evaluator.K + Spare), exact)), cancellationToken);
        return full;
    }

    private float[] Measure(SearchPlan plan, int[] queries, RankedList[] full, CancellationToken cancellationToken)
    {
        var metrics = evaluator.Metrics.Count;
        var values = new float[queries.Length * metrics + 1];
        long bytes = 0;
        ForEach(queries.Length, q =>
        {
            var found = reader.Nearest(Vector(queries[q]), evaluator.K, plan);
            evaluator.Measure(queries[q], [.. found.Ids], full[q], values.AsSpan(q * metrics, metrics));
            Interlocked.Add(ref bytes, found.Stages.Sum(stage => stage.BytesRead));
        }, cancellationToken);
        values[^1] = (float)((double)bytes / queries.Length);
        return values;
    }

    private ReadOnlySpan<float> Vector(int query) => evaluator.Truth.Queries[query].Vector.Span;

    private void ForEach(int count, Action<int> body, CancellationToken cancellationToken) =>
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, body);
}
