namespace Matryoshka.Training.Detection;

/// <summary>From curves to a verdict. Thresholds stand here and nowhere else.</summary>
internal static class Judgement
{
    // Differences below this are of no use to anyone, however certain.
    private const double Telling = 0.03;
    private const double EnoughJudged = 0.95, EnoughNeighbours = 0.8;

    // An adapter that loses more is not worth a projection of everything. Principal components of few rows also fit their noise a little.
    private const double UsefulJudged = 0.8, UsefulNeighbours = 0.5;

    public static NestingReport Of(IReadOnlyList<NestingPoint> points, bool judged)
    {
        var small = points.Take(points.Count - 1).ToList();
        var better = small.Count(point => point.Advantage.Mean - point.Advantage.Margin > 0 && point.Advantage.Mean > Telling);
        var worse = small.Count(point => point.Advantage.Mean + point.Advantage.Margin < 0 && point.Advantage.Mean < -Telling);
        var verdict = better > 0 && better >= worse ? NestingVerdict.Nested : worse > 0 ? NestingVerdict.Worse : NestingVerdict.NotShown;
        var enough = judged ? EnoughJudged : EnoughNeighbours;
        int? trustworthy = null;
        foreach (var point in small.AsEnumerable().Reverse())
        {
            if (point.OfFull.Mean - point.OfFull.Margin < enough)
                break;
            trustworthy = point.Dimensions;
        }
        // What an adapter begins with; learning adds to it.
        var useful = (judged ? UsefulJudged : UsefulNeighbours) * points[^1].Prefix.Mean;
        var adapter = small.Exists(point => point.Principal.Mean > useful && point.Principal.Mean - point.Principal.Margin > point.Prefix.Mean + point.Prefix.Margin && point.Principal.Mean > point.Prefix.Mean + Telling);
        var advice = adapter && verdict != NestingVerdict.Nested ? NestingAdvice.Adapt : trustworthy is not null ? NestingAdvice.Truncate : adapter ? NestingAdvice.Adapt : NestingAdvice.Leave;
        return new(judged, verdict, trustworthy, advice, points);
    }
}
