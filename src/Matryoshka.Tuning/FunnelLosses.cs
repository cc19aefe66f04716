namespace Matryoshka.Tuning;

/// <summary>A relevant record that exact search returns and a plan does not.</summary>
/// <param name="QueryId">The query.</param>
/// <param name="QueryText">Its words, where known.</param>
/// <param name="Key">The record; null if it was replaced meanwhile.</param>
/// <param name="FullRank">Its rank in exact search, from 1.</param>
/// <param name="Stage">The number of the stage that cut it, from 0.</param>
/// <param name="RankThere">Its rank by that stage's score among what came in, from 1; null if beyond 10,000.</param>
public sealed record LostRecord(string QueryId, string? QueryText, string? Key, int FullRank, int Stage, int? RankThere);

/// <summary>What one stage of a plan loses.</summary>
/// <param name="Stage">The stage in text form.</param>
/// <param name="Keeps">How many candidates it keeps.</param>
/// <param name="Lost">Relevant records it cuts.</param>
/// <param name="MedianRank">The median of their ranks there; null if none is lost.</param>
public sealed record StageLoss(string Stage, int Keeps, int Lost, int? MedianRank);

/// <summary>Where a plan loses what exact search finds.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Wanted">Relevant records that exact search returns among its k; all of them where nothing is judged.</param>
/// <param name="NotInFull">Relevant records that exact search does not return either: the model's loss, not the plan's. 0 where nothing is judged.</param>
/// <param name="Stages">What each stage loses.</param>
/// <param name="Records">The records lost, at most 500.</param>
public sealed record FunnelLosses(SearchPlan Plan, int Wanted, int NotInFull, IReadOnlyList<StageLoss> Stages, IReadOnlyList<LostRecord> Records)
{
    /// <summary>Relevant records lost in all.</summary>
    public int Lost => Stages.Sum(stage => stage.Lost);
}
