using System.Diagnostics;

namespace Matryoshka.Cli.Demo;

/// <summary>What one size costs and keeps, over all questions.</summary>
/// <param name="Plan">What was run.</param>
/// <param name="Dimensions">The prefix, or null for a funnel of several.</param>
/// <param name="BytesPerVector">Bytes of planes its first stage reads of every vector.</param>
/// <param name="HitAt1">Share of questions whose paragraph comes first.</param>
/// <param name="HitAt10">Share of questions whose paragraph is among the first ten.</param>
/// <param name="RecallOfFull">Share of the full vector's exact first ten that are found.</param>
/// <param name="Milliseconds">Median time of one search, one thread, without embedding the question.</param>
internal sealed record DemoRow(string Plan, int? Dimensions, int BytesPerVector, double HitAt1, double HitAt10, double RecallOfFull, double Milliseconds);

/// <summary>Runs the same questions at every size.</summary>
internal sealed class DemoMeasurement
{
    private readonly Collection collection;
    private readonly IReadOnlyList<DemoQuestion> questions;
    private readonly IReadOnlyList<ReadOnlyMemory<float>> vectors;
    private readonly List<string[]> full = [];

    public DemoMeasurement(Collection collection, IReadOnlyList<DemoQuestion> questions, IReadOnlyList<ReadOnlyMemory<float>> vectors)
    {
        this.collection = collection;
        this.questions = questions;
        this.vectors = vectors;
    }

    /// <summary>The first ten at each size, by plan and question.</summary>
    public Dictionary<string, List<string[]>> Found { get; } = [];

    public async Task<List<DemoRow>> RunAsync(Action<int, int> progress, CancellationToken cancellationToken)
    {
        var dimensions = collection.Recipe.Dimensions;
        var plans = dimensions.Dimensions.Select(d => (Plan: SearchPlan.Parse($"f16:{(d == dimensions.Full ? "full" : d)}"), Dimensions: (int?)d, Bytes: d * 2)).ToList();
        // The full vector's answers are what recall is measured against, so they come first; this also warms the caches up.
        var exact = plans[^1].Plan;
        foreach (var funnel in (SearchPlan[])[SearchPlan.Parse("int8:128 x200 > f16:full"), collection.DefaultPlan])
            plans.Add((funnel, null, (funnel.Stages[0].Dimensions ?? dimensions.Full) * (int)funnel.Stages[0].Precision / 8));
        foreach (var vector in vectors)
            full.Add(Keys(await collection.SearchAsync(vector, new() { Plan = exact }, cancellationToken).ConfigureAwait(false)));
        var rows = new List<DemoRow>();
        foreach (var (plan, d, bytes) in plans)
        {
            rows.Add(await MeasureAsync(plan, d, bytes, cancellationToken).ConfigureAwait(false));
            progress(rows.Count, plans.Count);
        }
        return rows;
    }

    private async Task<DemoRow> MeasureAsync(SearchPlan plan, int? dimensions, int bytes, CancellationToken cancellationToken)
    {
        var times = new double[questions.Count];
        var found = new List<string[]>(questions.Count);
        int first = 0, ten = 0, kept = 0, wanted = 0;
        for (var i = 0; i < questions.Count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var keys = Keys(await collection.SearchAsync(vectors[i], new() { Plan = plan }, cancellationToken).ConfigureAwait(false));
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            found.Add(keys);
            first += keys.Length > 0 && keys[0] == questions[i].Answer ? 1 : 0;
            ten += keys.Contains(questions[i].Answer) ? 1 : 0;
            kept += keys.Intersect(full[i]).Count();
            wanted += full[i].Length;
        }
        Found[plan.ToString()] = found;
        Array.Sort(times);
        return new(plan.ToString(), dimensions, bytes, (double)first / questions.Count, (double)ten / questions.Count, (double)kept / wanted, times[times.Length / 2]);
    }

    private static string[] Keys(SearchResults results) => [.. results.Hits.Select(hit => hit.Key)];
}
