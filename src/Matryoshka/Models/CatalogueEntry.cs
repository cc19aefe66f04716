using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Matryoshka;

/// <summary>What stands behind a fact of the catalogue.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FactStatus>))]
public enum FactStatus
{
    /// <summary>Read in the source named.</summary>
    [JsonStringEnumMemberName("verified")]
    Verified,

    /// <summary>Read in a third party's copy of the primary source.</summary>
    [JsonStringEnumMemberName("copy")]
    Copy,

    /// <summary>General knowledge; check before relying on it.</summary>
    [JsonStringEnumMemberName("unverified")]
    Unverified,

    /// <summary>Sources disagree; the note says how.</summary>
    [JsonStringEnumMemberName("conflicting")]
    Conflicting,
}

/// <summary>A model of the catalogue: the recipe that produces its vectors, and facts that do not change them.</summary>
public sealed record CatalogueEntry
{
    /// <summary>The recipe, with weights and tokenizer identity left open: an encoder fills them in for the files it loads.</summary>
    [JsonConverter(typeof(RecipeConverter))]
    public required ModelRecipe Recipe { get; init; }

    /// <summary>The model's name as its publisher writes it; the name of the recipe.</summary>
    [JsonIgnore]
    public string Name => Recipe.Name;

    // A list absent from the file reaches its init accessor as null, not as the initial value: the source generator
    // sets every init property.

    /// <summary>Other names under which the model is served or known.</summary>
    public IReadOnlyList<string> Aliases { get; init => field = value ?? []; } = [];

    /// <summary>Whether the model is reached only through its publisher's service, i.e. has no open weights.</summary>
    public bool Service { get; init; }

    /// <summary>The weights' licence: an SPDX identifier where one exists.</summary>
    public required string Licence { get; init; }

    /// <summary>Number of parameters; null when unpublished.</summary>
    public long? Parameters { get; init; }

    /// <summary>The tokenizer's kind in words; null when the service tokenises.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Tokens the model accepts; null when unlimited or unpublished.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Model files known to exist.</summary>
    public IReadOnlyList<ModelArtefact> Artefacts { get; init => field = value ?? []; } = [];

    /// <summary>Dimensions named as trained where the recipe allows more than those; empty when the recipe's list says it all or none is known.</summary>
    public IReadOnlyList<int> TrainedDimensions { get; init => field = value ?? []; } = [];

    /// <summary>What to know about the model's prefixes; null when the recipe says it all.</summary>
    public string? NestingNotes { get; init; }

    /// <summary>Prompts for other tasks than retrieval, by task, and remarks on prompts under <c>note</c>.</summary>
    public IReadOnlyDictionary<string, string> Prompts { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The order of operations from token vectors to the vector compared.</summary>
    public required string Order { get; init; }

    /// <summary>Whether the service returns unit vectors at every size; null for open weights and where unknown.</summary>
    public bool? NormalisedByService { get; init; }

    /// <summary>The size a service returns when none is asked for, if that is not the full dimension.</summary>
    public int? ServiceDefaultDimensions { get; init; }

    /// <summary>Published advice on storing components in fewer bits.</summary>
    public QuantisationAdvice? Quantisation { get; init; }

    /// <summary>Published quality by dimension.</summary>
    public IReadOnlyList<PublishedQuality> Quality { get; init => field = value ?? []; } = [];

    /// <summary>Where the facts come from.</summary>
    public required IReadOnlyList<FactSource> Sources { get; init; }
}

/// <summary>A file of a model.</summary>
/// <param name="Repository">The model repository that holds it.</param>
/// <param name="Path">Its path there.</param>
/// <param name="Note">Precision, size, caveats.</param>
/// <param name="Status">What stands behind the fact.</param>
public sealed record ModelArtefact(string Repository, string Path, string? Note = null, FactStatus Status = FactStatus.Verified);

/// <summary>Advice on storing components in fewer bits.</summary>
/// <param name="Int8Range">Components lie within plus or minus this after the cut and normalisation, for int8.</param>
/// <param name="Int4Range">The same for 4 bits.</param>
/// <param name="Fp16">Whether the network itself runs in half precision.</param>
/// <param name="Note">What else was published.</param>
public sealed record QuantisationAdvice(double? Int8Range = null, double? Int4Range = null, bool? Fp16 = null, string? Note = null);

/// <summary>One published figure.</summary>
/// <param name="Benchmark">The benchmark, e.g. <c>MTEB v1 retrieval (15)</c>.</param>
/// <param name="Metric">The metric and its unit, e.g. <c>nDCG@10 x 100</c>.</param>
/// <param name="Dimension">The prefix measured.</param>
/// <param name="Value">The figure, in the metric's unit.</param>
/// <param name="Source">Where it was read.</param>
/// <param name="Status">What stands behind it.</param>
/// <param name="Precision">How components were stored, if not as floats.</param>
public sealed record PublishedQuality(
    string Benchmark, string Metric, int Dimension, double Value, string Source,
    FactStatus Status = FactStatus.Verified, string? Precision = null);

/// <summary>Where facts of an entry come from.</summary>
/// <param name="Fact">The facts covered.</param>
/// <param name="Source">A repository and path, or a document.</param>
/// <param name="Status">What stands behind them.</param>
public sealed record FactSource(string Fact, string Source, FactStatus Status);
