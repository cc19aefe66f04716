namespace Matryoshka.Tuning.Exploring;

/// <summary>
/// Plans with the same first stage but for how many it keeps. One scan that keeps the most answers for all of them: the
/// candidates of a shorter shortlist are the first of a longer one.
/// </summary>
internal sealed class Family(string name, SearchPlan? scan, IReadOnlyList<SearchPlan> plans)
{
    /// <summary>The first stage in text form, without what it keeps.</summary>
    public string Name => name;

    /// <summary>The first stage alone; null where it cannot stand alone, as one that reads lists or goes by bounds: then each plan is a family and is run as it is.</summary>
    public SearchPlan? Scan => scan;

    public IReadOnlyList<SearchPlan> Plans => plans;

    /// <summary>The plans not dropped yet, by their place in <see cref="Plans"/>.</summary>
    public List<int> Alive { get; } = [.. Enumerable.Range(0, plans.Count)];
}

/// <summary>What is searched for the best plan.</summary>
internal static class SearchSpace
{
    /// <summary>The grid that <c>mrl bench</c> sweeps, with every prefix by itself at every precision, and shortlists decided by int8 alone.</summary>
    /// <param name="info">The collection; what it does not store is left out.</param>
    /// <param name="k">Hits asked for.</param>
    public static List<SearchPlan> Of(CollectionInfo info, int k)
    {
        var dimensions = info.Recipe.Dimensions;
        var plans = PlanGrid.Of(dimensions, info.FullPrecision, info.Records, k);
        foreach (var plan in plans.ToList())
            if (plan.Stages is [{ Precision: Precision.Bit } first, { Dimensions: null } last] && last.Precision == info.FullPrecision)
                plans.Add(new(first, new(Precision.Int8, null, null)));
        foreach (var precision in (Precision[])[info.FullPrecision, Precision.Int8, Precision.Bit])
            foreach (var d in dimensions.Dimensions)
                plans.Add(new(new SearchStage(precision, d == dimensions.Full ? null : d, null)));
        plans.Add(new(new SearchStage(Precision.Int8, null, null) { Bounded = true }, new(info.FullPrecision, null, null)));
        plans.Add(info.DefaultPlan);
        var listed = info.Segments.Any(segment => segment.ListsBytes is not null);
        var stored = info.Planes.Select(plane => plane.Kind).ToHashSet(StringComparer.Ordinal);
        bool Runs(SearchStage stage) => stage.Precision switch
        {
            Precision.Bit => stage.ListsPercent is null ? stored.Count == 0 || stored.Contains("bit") : listed,
            Precision.Int8 => stored.Count == 0 || stored.Contains("int8"),
            _ => stage.Precision == info.FullPrecision,
        };
        return [.. plans.Where(plan => plan.Stages.All(Runs) && plan.Stages.All(stage => stage.Keep is null || stage.Keep >= k)).Distinct()];
    }

    public static List<Family> Families(IEnumerable<SearchPlan> plans) =>
        [.. plans.GroupBy(plan => plan.Stages[0] is { ListsPercent: null, Bounded: false } ? (plan.Stages[0] with { Keep = null }).ToString() : plan.ToString())
            .Select(group => new Family(group.Key, group.First().Stages[0] is { ListsPercent: null, Bounded: false } first ? new(first with { Keep = null }) : null, [.. group]))];
}
