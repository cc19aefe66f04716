using Matryoshka.Lists;

namespace Matryoshka.Tests.Reliability;

/// <summary>Lists quick enough to build to be built often.</summary>
internal static class SmallLists
{
    /// <summary>Segments of as many records as one seals get none, larger ones do.</summary>
    public const int LeastRows = 1030;

    public static readonly ListsParameters Parameters = new(Lists: 8, Iterations: 2, Sample: 16, LeastRows: LeastRows);
}
