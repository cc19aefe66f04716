namespace Matryoshka.Tuning;

/// <summary>
/// How long it takes to build what a plan reads, from vectors that are there: measured on rows of the collection, all processors at work.
/// Embedding the texts comes before that and takes the same for every plan.
/// </summary>
/// <param name="Rows">Rows that were stored.</param>
/// <param name="Seconds">Storing them: checked, coded at every precision, flushed.</param>
/// <param name="ListsSeconds">Building their inverted lists; null if there are too few rows for lists.</param>
public sealed record BuildCost(long Rows, double Seconds, double? ListsSeconds)
{
    /// <summary>
    /// Seconds to build what a plan reads of other rows. Storing grows with the rows; lists are compared with every row and their number grows with the
    /// root of the rows, so they take its 1.5th power.
    /// </summary>
    /// <returns>Null for a plan that reads lists where there were too few rows to build any.</returns>
    public double? Of(SearchPlan plan, long rows)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var times = (double)rows / Rows;
        var stored = Seconds * times;
        return plan.Stages.All(stage => stage.ListsPercent is null) ? stored : stored + ListsSeconds * Math.Pow(times, 1.5);
    }
}
