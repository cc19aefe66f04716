using System.Globalization;
using System.Text.Json.Nodes;

namespace Matryoshka.Cli.Output;

/// <summary>What a collection is made of.</summary>
internal sealed record InfoJson(
    string Directory, long Records, long Pending, long DeadRows, long Sources, string FullPrecision, bool Keywords, string DefaultPlan,
    string Created, long Bytes, long CatalogBytes, long ResidentBytes, long? MemoryBudget, JsonNode Recipe, JsonNode? Model, string Fingerprint,
    IReadOnlyList<PlaneJson> Planes, IReadOnlyList<SegmentJson> Segments)
{
    public static InfoJson From(CollectionInfo info, string? model)
    {
        var planes = new List<PlaneJson>();
        foreach (var plane in info.Planes)
            planes.Add(new(plane.Kind, plane.FirstDimension, plane.LastDimension, plane.Bytes, plane.ResidentBytes));
        var segments = new List<SegmentJson>();
        var bytes = info.CatalogBytes;
        foreach (var segment in info.Segments)
        {
            segments.Add(new(segment.File, segment.Rows, segment.DeadRows, segment.Bytes, segment.ListsBytes));
            bytes += segment.Bytes + (segment.ListsBytes ?? 0);
        }
        return new(info.Directory, info.Records, info.Pending, info.DeadRows, info.Sources, Figures.Name(info.FullPrecision), info.Keywords,
            info.DefaultPlan.ToString(), info.Created.ToString("O", CultureInfo.InvariantCulture), bytes, info.CatalogBytes, info.ResidentBytes, info.MemoryBudget,
            JsonNode.Parse(info.Recipe.ToJson())!, Models.ModelSource.Parse(model) is null ? null : JsonNode.Parse(model!), info.Recipe.Fingerprint, planes, segments);
    }
}

internal sealed record PlaneJson(string Kind, int? FirstDimension, int? LastDimension, long Bytes, long ResidentBytes);

internal sealed record SegmentJson(string File, long Rows, long DeadRows, long Bytes, long? ListsBytes);
