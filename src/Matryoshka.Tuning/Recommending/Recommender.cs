using System.Globalization;
using Matryoshka.Tuning.Reporting;

namespace Matryoshka.Tuning.Recommending;

/// <summary>Chooses the cheapest plan that keeps what was asked, and says why.</summary>
internal sealed class Recommender(TuneOptions options, TruthSummary truth, string metric, SearchPlan exact)
{
    private const double DearerCounts = 1.02;

    /// <param name="plans">Plans that were run and timed, among them exact search.</param>
    /// <param name="notes">What the measurement itself warns of.</param>
    public Recommendation Choose(IReadOnlyList<PlanResult> plans, IReadOnlyList<string>? notes = null)
    {
        // Quality from dear to cheap would be a sequence of tests; a bound for a fresh sample holds for each plan by itself.
        var byCost = plans.OrderBy(plan => plan.Projection!.Monthly).ThenBy(plan => plan.Latency!.P95).ToList();
        var chosen = byCost.Find(plan => Fits(plan) && Keeps(plan));
        List<string> warnings = [.. Warnings(), .. notes ?? []];
        var cheaper = byCost.TakeWhile(plan => plan != chosen).Where(plan => IsDistinct(plan, chosen)).MaxBy(plan => (Fits(plan) ? 1 : 0, plan.Kept.Share));
        var unsure = byCost.TakeWhile(plan => plan != chosen).FirstOrDefault(plan => Fits(plan) && plan.Kept.Share >= options.Keep);
        var needed = unsure?.Kept.QueriesNeeded(options.Keep);
        if (unsure is not null && needed is not null)
            warnings.Add($"{Words.Grouped(truth.Queries)} queries are too few to be sure of '{unsure.Name}', which is cheaper and keeps {Words.Percent(unsure.Kept.Share)}: about {Words.Grouped(More(needed.Value))} more would tell.");
        var reranked = plans.Where(plan => plan.Plan.Rerank is not null).MaxBy(plan => plan.Kept.Share);
        if (chosen is null)
            return new() { Summary = Nothing(byCost), Unsure = unsure, QueriesNeeded = needed, Warnings = warnings, Reranked = reranked };
        // What a reranker adds is said by itself.
        var dearer = byCost.SkipWhile(plan => plan != chosen).Skip(1).FirstOrDefault(plan => plan.Plan.Rerank is null && Fits(plan) && plan.Kept.Share > chosen.Kept.Share && plan.Projection!.Monthly > chosen.Projection!.Monthly * DearerCounts);
        return new()
        {
            Plan = chosen,
            Cheaper = cheaper,
            WhyNotCheaper = cheaper is null ? null : WhyNot(cheaper),
            Dearer = dearer,
            WhatDearerAdds = dearer is null ? null : Adds(chosen, dearer),
            Reranked = reranked,
            WhatRerankingAdds = reranked is null || reranked == chosen ? null : Reranking(chosen, reranked),
            Unsure = unsure,
            QueriesNeeded = needed,
            Summary = Summary(chosen, plans.First(plan => plan.Plan.Equals(exact))),
            Warnings = warnings,
        };
    }

    // Where the estimate says that there are enough, and yet it is not sure, some more are needed all the same.
    private double More(int needed) => Math.Max(needed - truth.Queries, Math.Ceiling(truth.Queries / 20.0));

    private bool Keeps(PlanResult plan) => IsExact(plan) && options.Keep <= 1 || plan.Kept.Promise >= options.Keep;

    private bool IsExact(PlanResult plan) => plan.Plan.Equals(exact) || plan.Plan.Stages[0].Bounded && plan.Plan.Rerank is null;

    private bool Fits(PlanResult plan) =>
        !(plan.Projection!.P95Microseconds > options.P95?.TotalMicroseconds) && !(plan.Projection.ResidentBytes > options.Memory);

    private static bool IsDistinct(PlanResult plan, PlanResult? chosen) => chosen is null || plan.Projection!.Monthly * DearerCounts < chosen.Projection!.Monthly;

    private string Summary(PlanResult plan, PlanResult full)
    {
        var kept = plan.Plan.Equals(exact) ? $"It is exact search: nothing cheaper keeps {Words.Percent(options.Keep)} of {metric} for sure."
            : $"It keeps {Words.Percent(plan.Kept.Share)} of full {metric} (95 % interval {Words.Percent(plan.Kept.Low)} to {Words.Percent(plan.Kept.High)}, {Words.Grouped(plan.Queries)} queries)";
        var memory = full.ResidentBytes / plan.ResidentBytes;
        var speed = full.Projection!.P95Microseconds / plan.Projection!.P95Microseconds;
        if (IsExact(plan) && !plan.Plan.Equals(exact))
            kept = $"It finds exactly what exact search finds; nothing cheaper keeps {Words.Percent(options.Keep)} of {metric} for sure:";
        return plan.Plan.Equals(exact) ? kept
            : string.Create(CultureInfo.InvariantCulture, $"{kept} at 1/{memory:0.#} of the memory and {(speed >= 1 ? $"{speed:0.0} times the speed" : $"{1 / speed:0.0} times the time")} of exact search{(options.Rows is { } rows ? $", at {Words.Grouped(rows)} rows" : "")}.");
    }

    private string WhyNot(PlanResult plan)
    {
        if (plan.Projection!.P95Microseconds > options.P95?.TotalMicroseconds)
            return $"'{plan.Name}' is cheaper, but its 95th percentile of {Words.Microseconds(plan.Projection.P95Microseconds)} passes the limit of {Words.Microseconds(options.P95!.Value.TotalMicroseconds)}.";
        if (plan.Projection.ResidentBytes > options.Memory)
            return $"'{plan.Name}' is cheaper, but its {Words.Bytes(plan.Projection.ResidentBytes)} pass the limit of {Words.Bytes(options.Memory!.Value)}.";
        return plan.Kept.Share >= options.Keep
            ? $"'{plan.Name}' is cheaper and keeps {Words.Percent(plan.Kept.Share)} on these queries, but on others as many it may keep only {Words.Percent(plan.Kept.Promise)}."
            : $"'{plan.Name}' is cheaper, but keeps only {Words.Percent(plan.Kept.Share)} (95 % interval {Words.Percent(plan.Kept.Low)} to {Words.Percent(plan.Kept.High)}).";
    }

    private string Adds(PlanResult chosen, PlanResult dearer)
    {
        var money = dearer.Projection!.Monthly / chosen.Projection!.Monthly - 1;
        return $"'{dearer.Name}' keeps {Words.Percent(dearer.Kept.Share)} instead of {Words.Percent(chosen.Kept.Share)} and costs {Words.Percent(money)} more ({Words.Money(dearer.Projection.Monthly - chosen.Projection.Monthly, options.Prices.Currency)} a month).";
    }

    private static string Reranking(PlanResult chosen, PlanResult reranked)
    {
        var times = reranked.Latency!.P50 / chosen.Latency!.P50;
        var measured = $"{Words.Percent(reranked.Kept.Share)} of full (95 % interval {Words.Percent(reranked.Kept.Low)} to {Words.Percent(reranked.Kept.High)}, {Words.Grouped(reranked.Queries)} queries) at a median of {Words.Microseconds(reranked.Latency.P50)}, {Words.Grouped(times)} times as long";
        return reranked.Kept.Share > chosen.Kept.Share ? $"'{reranked.Name}' reaches {measured}." : $"No reranker tried adds anything: the best, '{reranked.Name}', reaches {measured}.";
    }

    private string Nothing(List<PlanResult> byCost)
    {
        var within = byCost.Where(Fits).MaxBy(plan => plan.Kept.Promise);
        return within is null
            ? $"No plan stays within the limits: the quickest has a 95th percentile of {Words.Microseconds(byCost.Min(plan => plan.Projection!.P95Microseconds))}, the smallest takes {Words.Bytes(byCost.Min(plan => plan.Projection!.ResidentBytes))}. Raise them, or project to fewer rows."
            : $"No plan within the limits keeps {Words.Percent(options.Keep)} for sure: the best, '{within.Name}', keeps {Words.Percent(within.Kept.Share)}, and {Words.Percent(within.Kept.Promise)} is what other queries can be promised. Ask for less, or raise the limits.";
    }

    private List<string> Warnings()
    {
        var warnings = new List<string>();
        if (truth.Kind != TruthKind.Judged)
            warnings.Add(truth.CannotAnswer);
        if (truth.Queries < Statistics.PairedBootstrap.FewestQueries)
            warnings.Add($"{truth.Queries} queries tell next to nothing: intervals over fewer than {Statistics.PairedBootstrap.FewestQueries} are not to be trusted.");
        if (truth.Unknown > 0)
            warnings.Add($"{Words.Grouped(truth.Unknown)} of {Words.Grouped(truth.Relevant)} relevant judgements name records the collection does not hold; they count as not found.");
        return warnings;
    }
}
