namespace Matryoshka.Tuning;

/// <summary>
/// How many candidates a first stage must keep: for each depth the share of what the exact search finds among its k, and is
/// relevant, that the stage places within the depth.
/// </summary>
/// <param name="FirstStage">The stage, e.g. <c>bit:256</c>.</param>
/// <param name="Depths">Candidates kept, ascending.</param>
/// <param name="Shares">The share within each depth, 0 to 1.</param>
/// <param name="Queries">Queries it was measured with.</param>
public sealed record DepthCurve(string FirstStage, IReadOnlyList<int> Depths, IReadOnlyList<double> Shares, int Queries)
{
    /// <summary>The least depth that keeps a share; null if none of those measured does.</summary>
    public int? DepthFor(double share)
    {
        for (var i = 0; i < Depths.Count; i++)
            if (Shares[i] >= share)
                return Depths[i];
        return null;
    }
}
