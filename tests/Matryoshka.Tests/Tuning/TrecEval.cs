namespace Matryoshka.Tests.Tuning;

/// <summary>
/// The measures of trec_eval, written from its definitions a second time, the plain way and on other types than the library's, so that an
/// error would have to be made twice.
/// </summary>
internal static class TrecEval
{
    public static double Ndcg(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff)
    {
        var gains = new List<double>();
        for (var i = 0; i < Math.Min(cutoff, ranking.Count); i++)
            gains.Add(judged.TryGetValue(ranking[i], out var grade) && grade > 0 ? grade : 0);
        var best = judged.Values.Where(grade => grade > 0).Select(grade => (double)grade).OrderByDescending(grade => grade).Take(cutoff).ToList();
        return best.Count == 0 ? 0 : Discounted(gains) / Discounted(best);
    }

    public static double Recall(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff)
    {
        var relevant = judged.Where(pair => pair.Value >= 1).Select(pair => pair.Key).ToHashSet();
        return relevant.Count == 0 ? 0 : ranking.Take(cutoff).Count(relevant.Contains) / (double)relevant.Count;
    }

    public static double Precision(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff) =>
        ranking.Take(cutoff).Count(key => judged.GetValueOrDefault(key) >= 1) / (double)cutoff;

    public static double Success(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff) =>
        ranking.Take(cutoff).Any(key => judged.GetValueOrDefault(key) >= 1) ? 1 : 0;

    public static double ReciprocalRank(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff)
    {
        var first = ranking.Take(cutoff).TakeWhile(key => judged.GetValueOrDefault(key) < 1).Count();
        return first < Math.Min(cutoff, ranking.Count) ? 1.0 / (first + 1) : 0;
    }

    public static double AveragePrecision(IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> judged, int cutoff)
    {
        var relevant = judged.Count(pair => pair.Value >= 1);
        if (relevant == 0)
            return 0;
        double sum = 0;
        for (var rank = 1; rank <= Math.Min(cutoff, ranking.Count); rank++)
            if (judged.GetValueOrDefault(ranking[rank - 1]) >= 1)
                sum += ranking.Take(rank).Count(key => judged.GetValueOrDefault(key) >= 1) / (double)rank;
        return sum / relevant;
    }

    private static double Discounted(IEnumerable<double> gains)
    {
        double sum = 0, rank = 0;
        foreach (var gain in gains)
            sum += gain * Math.Log(2) / Math.Log(++rank + 1);
        return sum;
    }
}
