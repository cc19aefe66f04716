namespace Matryoshka;

/// <summary>What maintenance does to a collection.</summary>
public enum MaintenanceStep
{
    /// <summary>Writes one segment in place of several, or of one with many dead rows.</summary>
    Merge,

    /// <summary>Finds the centroids of a segment's lists; a row counts once for each round it is compared with all of them.</summary>
    Cluster,

    /// <summary>Gives a segment's rows their lists.</summary>
    Lists,
}

/// <summary>How far one piece of maintenance is; several may follow each other.</summary>
/// <param name="Step">What is done.</param>
/// <param name="Done">Rows done.</param>
/// <param name="Total">Rows of this piece.</param>
public sealed record MaintenanceProgress(MaintenanceStep Step, long Done, long Total);
