using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Matryoshka.Cli.Output;

/// <summary>The answer to a search.</summary>
internal sealed record SearchJson(string? Query, string Mode, string? Plan, long Rows, IReadOnlyList<HitJson> Hits, IReadOnlyList<StageJson> Stages)
{
    public static SearchJson From(SearchResults results, string? query, SearchMode mode)
    {
        var hits = new HitJson[results.Hits.Count];
        for (var i = 0; i < hits.Length; i++)
            hits[i] = HitJson.From(results.Hits[i]);
        var stages = new StageJson[results.Stages.Count];
        for (var i = 0; i < stages.Length; i++)
        {
            var stage = results.Stages[i];
            stages[i] = new(stage.Stage, stage.In, stage.Out, stage.ListsRead, stage.BytesRead, (long)stage.Elapsed.TotalMicroseconds);
        }
        return new(query, mode.ToString().ToLowerInvariant(), results.Plan?.ToString(), results.Rows, hits, stages);
    }
}

internal sealed record HitJson(
    int Rank, double Score, int? ScoreDimensions, string? ScorePrecision, int? DenseRank, int? KeywordRank, int? RetrievalRank, double? RetrievalScore,
    string Key, string? Source, JsonObject? Position, string Text, JsonObject? Metadata)
{
    public static HitJson From(SearchHit hit) => new(
        hit.Rank, hit.Score, hit.ScoreDimensions, hit.ScorePrecision is { } precision ? Figures.Name(precision) : null, hit.DenseRank, hit.KeywordRank, hit.RetrievalRank, hit.RetrievalScore,
        hit.Key, hit.Source, hit.Position, hit.Text, hit.Metadata);
}

internal sealed record StageJson(string Stage, long In, long Out, int? ListsRead, long BytesRead, long Microseconds);

internal sealed record BatchJson(string Run, long Queries, long Lines, double Seconds);

internal sealed record RecordJson(string Key, string Text, string? Source, JsonObject? Position, JsonObject? Metadata, float[]? Vector)
{
    public static RecordJson From(Record record) => new(record.Key, record.Text, record.Source, record.Position, record.Metadata, record.Vector is { IsEmpty: false } vector ? vector.ToArray() : null);
}

internal sealed record DeleteJson(long Deleted);

internal sealed record VerifyJson(bool Sound, IReadOnlyList<string> Problems);

internal sealed record CompactJson(long Rows, int SegmentsBefore, int SegmentsAfter, long BytesBefore, long BytesAfter);

internal sealed record ImportJson(string File, long Rows, long Stored, long Updated, long Unchanged, long Failed, long Repeated, long Records);

internal sealed record IndexJson(
    string Collection, long SourcesRead, long SourcesUnchanged, long SourcesVanished, long FilesPassedOver,
    long Embedded, long Updated, long Unchanged, long Removed, long Records, double Seconds, IReadOnlyList<FailureJson> Failures);

internal sealed record FailureJson(string Source, long? Line, string Message, bool Warning);

internal sealed record DemoJson(string Collection, long Records, double IndexSeconds, int Questions, IReadOnlyList<Demo.DemoRow> Sizes);

internal sealed record EmbedJson(string Model, string Fingerprint, string Role, int Dimensions, long Rows, string? Output, IReadOnlyList<EmbeddedJson>? Vectors);

internal sealed record EmbeddedJson(string Text, float[] Vector);

/// <summary>Writes results as JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SearchJson))]
[JsonSerializable(typeof(BatchJson))]
[JsonSerializable(typeof(RecordJson))]
[JsonSerializable(typeof(DeleteJson))]
[JsonSerializable(typeof(VerifyJson))]
[JsonSerializable(typeof(CompactJson))]
[JsonSerializable(typeof(ImportJson))]
[JsonSerializable(typeof(EmbedJson))]
[JsonSerializable(typeof(IndexJson))]
[JsonSerializable(typeof(DemoJson))]
[JsonSerializable(typeof(Bench.BenchJson))]
[JsonSerializable(typeof(Commands.TrainJson))]
[JsonSerializable(typeof(Commands.AdapterJson))]
[JsonSerializable(typeof(Commands.AdaptJson))]
[JsonSerializable(typeof(Commands.DetectJson))]
[JsonSerializable(typeof(Commands.PlansJson))]
[JsonSerializable(typeof(Tuning.AuditReport))]
[JsonSerializable(typeof(InfoJson))]
[JsonSerializable(typeof(ModelsJson))]
[JsonSerializable(typeof(ModelJson))]
[JsonSerializable(typeof(PullJson))]
[JsonSerializable(typeof(RerankJson))]
[JsonSerializable(typeof(CheckJson))]
[JsonSerializable(typeof(Models.ModelSource))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Writes letters and '&gt;' as themselves: the output goes to people and tools, not into HTML.</summary>
    public static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>The one to write results with.</summary>
    public static readonly CliJson Shapes = new(new JsonSerializerOptions(Readable));
}
