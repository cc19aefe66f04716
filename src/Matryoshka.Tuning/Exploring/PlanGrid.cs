namespace Matryoshka.Tuning.Exploring;

/// <summary>
/// The plans that <c>--grid</c> sweeps: the one place to add a kind of plan to. What a collection cannot run is passed over,
/// so nothing here asks what it stores.
/// </summary>
internal static class PlanGrid
{
    // Fewer signs estimate the angle too coarsely to shortlist by; fewer int8 components save nothing over 32.
    private const int FewestSigns = 128;
    private const int FewestCodes = 32;

    /// <summary>Shortlists in multiples of k: under 5 the later stages have nothing to repair, over 200 they cost more than a scan.</summary>
    private static readonly int[] Shortlists = [5, 10, 20, 50, 100, 200];

    /// <summary>From this shortlist on an int8 stage in the middle is tried, which keeps so many times k.</summary>
    private const int RescoredFrom = 50;
    private const int Rescored = 5;

    private static readonly decimal[] ListShares = [0.5m, 1, 2, 4, 8, 16, 32, 64, 100];

    /// <summary>From this share on the lists lose less than int8 codes do, and the full vectors repair it.</summary>
    private const decimal ExactFrom = 10;

    /// <param name="dimensions">The prefixes that may be used; inside "any prefix" those where rings end.</param>
    /// <param name="full">Precision of the stored full vectors.</param>
    /// <param name="rows">Rows of the collection: a shortlist of half of them is none.</param>
    /// <param name="k">Hits asked for.</param>
    public static List<SearchPlan> Of(NestedDimensions dimensions, Precision full, long rows, int k)
    {
        var plans = new List<SearchPlan> { SearchPlan.Exact(full) };
        var last = new SearchStage(full, null, null);
        plans.AddRange(Lists(last, rows, k));
        foreach (var first in FirstStages(dimensions))
        {
            if (first.Precision == Precision.Int8 && first.Dimensions is null)
                plans.Add(new(first));
            foreach (var times in Shortlists)
            {
                var keep = (long)k * times;
                if (keep > SearchPlan.MaxKeep || keep > rows / 2)
                    break;
                var shortlist = first with { Keep = (int)keep };
                plans.Add(new(shortlist, last));
                // A long shortlist is rescored from codes first; where the shortlist is made of them, that would be the same again.
                if (times >= RescoredFrom && first is not { Precision: Precision.Int8, Dimensions: null })
                    plans.Add(new(shortlist, new(Precision.Int8, null, k * Rescored), last));
            }
        }
        return plans;
    }

    private static IEnumerable<SearchPlan> Lists(SearchStage last, long rows, int k)
    {
        var codes = new SearchStage(Precision.Int8, null, null);
        foreach (var percent in ListShares)
            foreach (var times in (int[])[5, 10, 20])
                if ((long)k * times is var keep && keep <= SearchPlan.MaxKeep && keep <= rows / 2)
                {
                    var first = new SearchStage(Precision.Bit, null, (int)keep) { ListsPercent = percent };
                    yield return percent < ExactFrom ? new(first, codes) : new(first, codes with { Keep = Rescored * k }, last);
                }
    }

    private static IEnumerable<SearchStage> FirstStages(NestedDimensions dimensions)
    {
        foreach (var d in dimensions.Dimensions)
        {
            int? prefix = d == dimensions.Full ? null : d;
            if (d >= FewestSigns || prefix is null)
                yield return new(Precision.Bit, prefix, null);
            if (d >= FewestCodes || prefix is null)
                yield return new(Precision.Int8, prefix, null);
        }
    }
}
