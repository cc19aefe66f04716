namespace Matryoshka.Tuning.Exploring;

/// <summary>What is left when everything is dropped that something else beats.</summary>
internal static class ParetoFront
{
    /// <summary>
    /// The items no other one dominates, i.e. is at least as good as in both measures and better in one; fastest first, equals in
    /// the order given.
    /// </summary>
    public static List<T> Of<T>(IEnumerable<T> items, Func<T, double> quality, Func<T, double> speed)
    {
        var front = new List<T>();
        foreach (var item in items.OrderByDescending(speed).ThenByDescending(quality))
            if (front.Count == 0 || quality(item) > quality(front[^1]) || quality(item).Equals(quality(front[^1])) && speed(item).Equals(speed(front[^1])))
                front.Add(item);
        return front;
    }
}
