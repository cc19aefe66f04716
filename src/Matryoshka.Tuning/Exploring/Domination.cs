namespace Matryoshka.Tuning.Exploring;

/// <summary>
/// Drops plans that another one beats: no dearer in time and in memory, and no worse in quality as far as the queries so far
/// can tell. Cheapest first, and only plans still alive drop others, so that two equals never drop each other.
/// </summary>
internal static class Domination
{
    /// <summary>One-sided 99.5 %: of a hundred plans dropped half a one is dropped by chance, and then for one of nearly its quality.</summary>
    private const double Deviations = 2.576;

    /// <summary>Quality that is not worth a further plan: five hundredths of a percent of full.</summary>
    private const double Negligible = 0.0005;

    public static void Drop(IEnumerable<ExploredPlan> plans, double full)
    {
        var alive = new List<ExploredPlan>();
        foreach (var plan in plans.Where(plan => plan.DominatedBy is null).OrderBy(plan => plan.Seconds).ThenBy(plan => plan.Resident).ThenByDescending(plan => plan.Mean))
        {
            plan.DominatedBy = alive.Find(other => other.Resident <= plan.Resident && IsNoWorse(other, plan, full))?.Name;
            if (plan.DominatedBy is null)
                alive.Add(plan);
        }
    }

    private static bool IsNoWorse(ExploredPlan cheaper, ExploredPlan dearer, double full)
    {
        var n = dearer.Primary.Count;
        double sum = 0, squares = 0;
        for (var i = 0; i < n; i++)
        {
            var gain = dearer.Primary[i] - cheaper.Primary[i];
            sum += gain;
            squares += gain * gain;
        }
        var mean = sum / n;
        var error = Math.Sqrt(Math.Max(0, squares / n - mean * mean) / n);
        return mean + Deviations * error <= Negligible * full;
    }
}
