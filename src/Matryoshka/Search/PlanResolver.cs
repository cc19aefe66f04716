using Matryoshka.Storage;

namespace Matryoshka.Search;

/// <summary>Chooses the plan of a search and holds it against what the collection stores.</summary>
internal static class PlanResolver
{
    /// <summary>What a search runs that names no plan.</summary>
    public const SearchPreset Default = SearchPreset.Accurate;

    /// <param name="meta">What the collection stores.</param>
    /// <param name="options">What was asked for; a plan given must keep its k.</param>
    /// <param name="depth">How deep the list is to go, which the default plan is made for: in hybrid search deeper than k.</param>
    /// <param name="queryLength">Components of the query's vector.</param>
    /// <param name="snapshot">The rows to search.</param>
    public static SearchPlan Resolve(CatalogMeta meta, SearchOptions options, int depth, int queryLength, Snapshot snapshot)
    {
        if (options.Plan is not null && (options.Dimensions is not null || options.Precision is not null))
            throw new MatryoshkaException("A plan says its own dimensions and precisions: give either a plan, or dimensions and precision.");
        if (options.Plan?.Rerank is not null)
            throw new MatryoshkaException($"The plan '{options.Plan}' ends in a reranker, which reads texts: search the collection with a text, or leave that stage out.");
        var plan = options.Plan
            ?? (options.Dimensions is null && options.Precision is null
                ? queryLength == meta.Recipe.Dimensions.Full ? snapshot.ChosenPlan?.For(depth) ?? SearchPlan.Of(Default) : SearchPlan.Exact(meta.FullPrecision, queryLength)
                : SearchPlan.Exact(options.Precision ?? meta.FullPrecision, options.Dimensions ?? (queryLength == meta.Recipe.Dimensions.Full ? null : queryLength)));
        if (plan.Preset is { } preset)
            return PresetPlan.For(preset, meta, snapshot, queryLength, Math.Max(depth, options.K));
        foreach (var stage in plan.Stages)
            Check(meta, stage, queryLength);
        if (plan.Stages.Any(stage => stage.Keep < options.K))
            throw new MatryoshkaException($"The plan '{plan}' keeps fewer than the {options.K} hits asked for: raise its x, or ask for fewer.");
        return plan;
    }

    private static void Check(CatalogMeta meta, SearchStage stage, int queryLength)
    {
        var dimensions = meta.Recipe.Dimensions;
        var d = dimensions.Require(stage.Dimensions ?? dimensions.Full);
        if (d > queryLength)
            throw new DimensionNotAllowedException($"The stage '{stage}' needs {d} dimensions, but the query vector has {queryLength}.");
        var stored = stage.Precision switch
        {
            // Lists are derived from full vectors, with or without bit planes.
            Precision.Bit when stage.ListsPercent is not null => true,
            Precision.Bit => meta.Bit,
            Precision.Int8 => meta.Int8,
            _ => stage.Precision == meta.FullPrecision,
        };
        if (!stored)
            throw new MatryoshkaException($"The stage '{stage}' reads {Name(stage.Precision)} planes, but the collection stores {Stored(meta)}.");
    }

    private static string Stored(CatalogMeta meta) =>
        string.Join(", ", new[] { Name(meta.FullPrecision), meta.Int8 ? "int8" : "", meta.Bit ? "bit" : "" }.Where(name => name.Length > 0));

    private static string Name(Precision precision) => precision.ToString().ToLowerInvariant();
}
