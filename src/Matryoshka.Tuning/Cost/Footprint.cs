namespace Matryoshka.Tuning.Cost;

/// <summary>
/// Bytes a vector takes for a plan. Resident: its id and what the first stage reads of every row; the rest is read on demand
/// for a shortlist. On disk: the full vector, ids and norms always, and the codes that any stage of the plan reads.
/// </summary>
internal static class Footprint
{
    private const int Id = sizeof(long);
    private const int Norm = sizeof(float);
    private const int Scale = sizeof(float);

    public static double Resident(SearchPlan plan, CollectionInfo info) =>
        Id + (plan.Stages[0].ListsPercent is null ? Scanned(plan.Stages[0], info.Recipe.Dimensions) : Lists(info));

    /// <summary>Bytes the first stage reads of a row; what a later one reads of a candidate is counted the same way.</summary>
    public static double Scanned(SearchStage stage, NestedDimensions dimensions)
    {
        var d = stage.Dimensions ?? dimensions.Full;
        return Components(stage.Precision, d) + (stage.Precision switch { Precision.Bit => 0, Precision.Int8 => Scale + Norm, _ => Norm });
    }

    /// <summary>Bytes of so many components alone.</summary>
    public static double Components(Precision precision, int dimensions) => precision switch
    {
        Precision.Bit => (dimensions + 7) / 8,
        Precision.Int8 => dimensions,
        Precision.F16 => 2 * dimensions,
        _ => 4 * dimensions,
    };

    public static double Disk(SearchPlan plan, CollectionInfo info)
    {
        var full = info.Recipe.Dimensions.Full;
        bool Reads(Precision precision) => plan.Stages.Any(stage => stage.Precision == precision);
        return Id + info.Recipe.Dimensions.Dimensions.Count * Norm + full * (info.FullPrecision == Precision.F16 ? 2 : 4)
            + (Reads(Precision.Int8) ? full + Scale : 0) + (plan.Stages.Any(stage => stage.Precision == Precision.Bit && stage.ListsPercent is null) ? (full + 7) / 8 : 0)
            + (plan.Stages[0].ListsPercent is null ? 0 : Lists(info));
    }

    // All lists stay, since any may be asked for; a query reads its share of them.
    private static double Lists(CollectionInfo info)
    {
        var sealedRows = info.Segments.Where(segment => segment.ListsBytes is not null).ToList();
        return sealedRows.Count == 0 ? 0 : (double)sealedRows.Sum(segment => segment.ListsBytes!.Value) / sealedRows.Sum(segment => segment.Rows);
    }
}
