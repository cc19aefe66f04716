namespace Matryoshka.Benchmarks;

/// <summary>The settings of one engine that no other of its settings beats in both recall and speed, by rising recall.</summary>
internal sealed class PeerFront
{
    // Half of the smallest recall that 2,000 queries with 10 neighbours can lose: where nothing was missed, this much may have been.
    private const double Unseen = 0.5 / 20_000;

    public PeerFront(IEnumerable<PeerLine> lines)
    {
        var points = new List<(double Recall, double Speed)>();
        foreach (var line in lines.Where(line => line is { Recall10: not null, Qps: > 0 }).OrderByDescending(line => line.Recall10).ThenByDescending(line => line.Qps))
            if (points.Count == 0 || line.Qps > points[^1].Speed)
                points.Add((line.Recall10!.Value, line.Qps!.Value));
        points.Reverse();
        Points = points;
    }

    public IReadOnlyList<(double Recall, double Speed)> Points { get; }

    /// <summary>Where a recall lies on a scale that opens up near 1: 1 at 0.9, 2 at 0.99, 3 at 0.999.</summary>
    public static double Nines(double recall) => -Math.Log10(Math.Max(1 - recall, Unseen));

    /// <summary>Queries a second at a recall: the logarithm of the speed is interpolated over <see cref="Nines"/>. Below the front its first point; null above it.</summary>
    public double? SpeedAt(double recall)
    {
        if (Points.Count == 0 || recall > Points[^1].Recall)
            return null;
        var after = 0;
        while (Points[after].Recall < recall)
            after++;
        var (right, speed) = (Nines(Points[after].Recall), Points[after].Speed);
        if (after == 0)
            return speed;
        var left = Nines(Points[after - 1].Recall);
        var share = (Nines(recall) - left) / (right - left);
        return Math.Exp((1 - share) * Math.Log(Points[after - 1].Speed) + share * Math.Log(speed));
    }
}
