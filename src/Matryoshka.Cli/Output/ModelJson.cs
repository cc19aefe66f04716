using System.Text.Json.Nodes;

namespace Matryoshka.Cli.Output;

/// <summary>The list of models.</summary>
internal sealed record ModelsJson(IReadOnlyList<ModelSummaryJson> Models);

internal sealed record ModelSummaryJson(string Name, int Full, IReadOnlyList<int> Dimensions, int Minimum, string Nesting, bool Prompts, bool Service, string Licence)
{
    public static ModelSummaryJson From(CatalogueEntry entry)
    {
        var dimensions = entry.Recipe.Dimensions;
        return new(entry.Name, dimensions.Full, dimensions.Dimensions, dimensions.Minimum, Figures.Name(dimensions.Kind),
            entry.Recipe.QueryPrompt.Length > 0 || entry.Recipe.DocumentPrompt.Length > 0, entry.Service, entry.Licence);
    }
}

/// <summary>A model that was pulled.</summary>
internal sealed record PullJson(string Repository, string Commit, string Folder, string ModelFile, IReadOnlyList<string> Files, string? Model, long Downloaded);

/// <summary>What a check of a model found.</summary>
internal sealed record CheckJson(
    string Model, string Source, string Fingerprint, int Dimensions, IReadOnlyList<int> Nested, string Nesting, string QueryPrompt, string DocumentPrompt, string PromptsBy,
    int? MaxTokens, double TextsPerSecond, double? TokensPerSecond, bool Sound, IReadOnlyList<FindingJson> Findings);

internal sealed record FindingJson(string Check, bool Passed, string Found);

/// <summary>Documents put in order.</summary>
internal sealed record RerankJson(string Query, string Model, int Documents, double Seconds, IReadOnlyList<RankedJson> Results);

internal sealed record RankedJson(int Rank, double Score, int Index, string Place, string Text);

/// <summary>All that is known of one model.</summary>
internal sealed record ModelJson(
    string Name, IReadOnlyList<string> Aliases, JsonNode Recipe, string Fingerprint, bool Service, string Licence, long? Parameters, string? Tokenizer, int? MaxTokens,
    IReadOnlyList<ArtefactJson> Artefacts, IReadOnlyList<int> TrainedDimensions, string? NestingNotes, IReadOnlyDictionary<string, string> Prompts,
    string Order, bool? NormalisedByService, int? ServiceDefaultDimensions, QuantisationJson? Quantisation,
    IReadOnlyList<QualityJson> Quality, IReadOnlyList<SourceJson> Sources)
{
    public static ModelJson From(CatalogueEntry entry)
    {
        var artefacts = new List<ArtefactJson>();
        foreach (var file in entry.Artefacts)
            artefacts.Add(new(file.Repository, file.Path, file.Note, Status(file.Status)));
        var quality = new List<QualityJson>();
        foreach (var figure in entry.Quality)
            quality.Add(new(figure.Benchmark, figure.Metric, figure.Dimension, figure.Value, figure.Precision, Status(figure.Status), figure.Source));
        var sources = new List<SourceJson>();
        foreach (var source in entry.Sources)
            sources.Add(new(source.Fact, Status(source.Status), source.Source));
        var advice = entry.Quantisation is { } q ? new QuantisationJson(q.Int8Range, q.Int4Range, q.Fp16, q.Note) : null;
        return new(entry.Name, entry.Aliases, JsonNode.Parse(entry.Recipe.ToJson())!, entry.Recipe.Fingerprint, entry.Service, entry.Licence, entry.Parameters,
            entry.Tokenizer, entry.MaxTokens, artefacts, entry.TrainedDimensions, entry.NestingNotes, entry.Prompts, entry.Order,
            entry.NormalisedByService, entry.ServiceDefaultDimensions, advice, quality, sources);
    }

    private static string Status(FactStatus status) => status.ToString().ToLowerInvariant();
}

internal sealed record ArtefactJson(string Repository, string Path, string? Note, string Status);

internal sealed record QuantisationJson(double? Int8Range, double? Int4Range, bool? Fp16, string? Note);

internal sealed record QualityJson(string Benchmark, string Metric, int Dimension, double Value, string? Precision, string Status, string Source);

internal sealed record SourceJson(string Fact, string Status, string Source);
