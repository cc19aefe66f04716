namespace Matryoshka.Tuning;

/// <summary>The share of the full ranking's quality that a plan keeps, with what the sample of queries allows to say of it.</summary>
/// <param name="Share">Mean over mean: 1 is as good as full.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Promise">What another sample of as many queries stays above with 95 % confidence. A recommendation is held to this, not to <paramref name="Low"/>: both samples vary.</param>
/// <param name="PValue">Two-sided, of the mean difference to full, by a paired randomisation test.</param>
/// <param name="Queries">How many queries it is over.</param>
/// <param name="Deviation">Standard deviation of one query's contribution: the standard error times the root of the queries.</param>
public sealed record ShareKept(double Share, double Low, double High, double Promise, double PValue, int Queries, double Deviation)
{
    /// <summary>How many queries would show, as far as these tell, that a share is kept; null if no number would, because the plan keeps less.</summary>
    public int? QueriesNeeded(double share)
    {
        var margin = Share - share;
        if (margin <= 0)
            return null;
        var root = Statistics.PairedBootstrap.PromiseDeviations * Deviation / margin;
        // Rare changes need enough queries to be seen at all; that a plan is better than full is seen from its mean alone.
        var rare = share < 1 ? Statistics.PairedBootstrap.RuleOfThree / (1 - share) : share > 1 ? 0 : int.MaxValue;
        return (int)Math.Min(int.MaxValue, Math.Ceiling(Math.Max(Statistics.PairedBootstrap.FewestQueries, Math.Max(root * root, rare))));
    }
}
