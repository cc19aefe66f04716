namespace Matryoshka.Tuning.Exploring;

/// <summary>What one family was measured to do on some queries: a value for each plan alive, query and measure, and how deep what matters lies.</summary>
internal sealed record FamilyChunk(float[] Values, int[] WithinDepth, int Wanted);

/// <summary>Measures families on a run of queries. The rankings that stages after the first need are made once for all families.</summary>
internal sealed class ChunkWork(CollectionReader reader, Evaluator evaluator, SearchPlan exact, int depth, int threads)
{
    private readonly Dictionary<SearchStage, RankedList[]> rankings = [];
    private int[] queries = [];

    /// <summary>Depths of the depth curves.</summary>
    public IReadOnlyList<int> Depths { get; } = CurveSums.DepthsTo(evaluator.K, depth);

    /// <summary>Goes on to these queries.</summary>
    public void Begin(int[] next)
    {
        queries = next;
        rankings.Clear();
    }

    public FamilyChunk Measure(Family family, CancellationToken cancellationToken)
    {
        if (family.Scan is not { } scan)
            return MeasureAsIs(family, cancellationToken);
        var metrics = evaluator.Metrics.Count;
        var alive = family.Alive;
        // Filled before the threads start: the dictionary itself is not shared while it changes.
        Ranking(exact.Stages[0], cancellationToken);
        foreach (var stage in alive.SelectMany(plan => family.Plans[plan].Stages.Skip(1)))
            Ranking(stage, cancellationToken);
        var values = new float[alive.Count * queries.Length * metrics];
        var within = new int[Depths.Count];
        var wanted = 0;
        var gate = new Lock();
        ForEach(q =>
        {
            var full = rankings[Key(exact.Stages[0])][q];
            var first = Scan(scan, queries[q]);
            for (var p = 0; p < alive.Count; p++)
            {
                var found = Composition.Run(family.Plans[alive[p]], evaluator.K, first, stage => rankings[Key(stage)][q]);
                evaluator.Measure(queries[q], found, full, values.AsSpan((p * queries.Length + q) * metrics, metrics));
            }
            var places = Places(queries[q], first, full);
            lock (gate)
            {
                wanted += places.Length;
                for (var d = 0; d < within.Length; d++)
                    within[d] += places.Count(place => place < Depths[d]);
            }
        }, cancellationToken);
        return new(values, within, wanted);
    }

    private FamilyChunk MeasureAsIs(Family family, CancellationToken cancellationToken)
    {
        var metrics = evaluator.Metrics.Count;
        var values = new float[family.Alive.Count * queries.Length * metrics];
        Ranking(exact.Stages[0], cancellationToken);
        ForEach(q =>
        {
            for (var p = 0; p < family.Alive.Count; p++)
            {
                var found = reader.Nearest(evaluator.Truth.Queries[queries[q]].Vector.Span, evaluator.K, family.Plans[family.Alive[p]]).Ids;
                evaluator.Measure(queries[q], [.. found], rankings[Key(exact.Stages[0])][q], values.AsSpan((p * queries.Length + q) * metrics, metrics));
            }
        }, cancellationToken);
        return new(values, [], 0);
    }

    private long[] Scan(SearchPlan plan, int query) => [.. Search(plan, query).Ids];

    private Neighbours Search(SearchPlan plan, int query) => reader.Nearest(evaluator.Truth.Queries[query].Vector.Span, depth, plan);

    // Where the first stage places each wanted record that the exact search returns among its k.
    private int[] Places(int query, long[] first, RankedList full) =>
        Array.ConvertAll(evaluator.WantedOfFull(query, full), id => Array.IndexOf(first, id) is var at && at >= 0 ? at : int.MaxValue);

    private void Ranking(SearchStage stage, CancellationToken cancellationToken)
    {
        if (rankings.ContainsKey(Key(stage)))
            return;
        var lists = new RankedList[queries.Length];
        var plan = new SearchPlan(Key(stage));
        ForEach(q => lists[q] = new(Search(plan, queries[q])), cancellationToken);
        rankings[Key(stage)] = lists;
    }

    private static SearchStage Key(SearchStage stage) => stage with { Keep = null };

    private void ForEach(Action<int> body, CancellationToken cancellationToken) =>
        Parallel.For(0, queries.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, body);
}
