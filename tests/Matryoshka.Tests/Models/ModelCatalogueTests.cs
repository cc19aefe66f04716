using Xunit;

namespace Matryoshka.Tests.Models;

public class ModelCatalogueTests
{
    [Fact]
    public void Every_entry_parses_and_carries_its_sources()
    {
        Assert.True(ModelCatalogue.All.Count >= 80);
        Assert.All(ModelCatalogue.All, e =>
        {
            Assert.NotEmpty(e.Sources);
            Assert.All(e.Sources, s => Assert.False(string.IsNullOrWhiteSpace(s.Fact) || string.IsNullOrWhiteSpace(s.Source)));
            Assert.All(e.Quality, q => Assert.False(string.IsNullOrWhiteSpace(q.Source)));
            Assert.False(string.IsNullOrWhiteSpace(e.Licence));
            Assert.False(string.IsNullOrWhiteSpace(e.Order));
        });
    }

    [Fact]
    public void Dimensions_agree_with_the_kind_of_nesting() => Assert.All(ModelCatalogue.All, e =>
    {
        var nested = e.Recipe.Dimensions;
        Assert.Equal(nested.Kind is NestingKind.None or NestingKind.SeparateHeads, nested.Dimensions.Count == 1 && nested.Kind != NestingKind.Trained);
        Assert.All(nested.Dimensions, d => Assert.True(nested.Allows(d)));
        Assert.All(e.TrainedDimensions, d => Assert.True(nested.Allows(d)));
        if (e.ServiceDefaultDimensions is { } d)
            Assert.True(nested.Allows(d));
    });

    [Fact]
    public void Published_quality_is_only_given_for_prefixes_the_model_allows() => Assert.All(ModelCatalogue.All, e =>
        Assert.All(e.Quality, q => Assert.True(e.Recipe.Dimensions.Allows(q.Dimension), $"{e.Name} {q.Dimension}")));

    [Fact]
    public void Services_and_open_weights_are_told_apart() => Assert.All(ModelCatalogue.All, e =>
    {
        Assert.Equal(e.Service, e.Recipe.Pooling == Pooling.Service);
        Assert.True(e.Service || e.NormalisedByService is null);
        Assert.True(e.Recipe.MaxTokens is null || e.Recipe.MaxTokens == e.MaxTokens);
        Assert.True(!e.Service || e.Recipe.MaxTokens is null, "a service counts tokens itself");
    });

    [Fact]
    public void Names_and_aliases_are_unique_and_all_found()
    {
        var names = ModelCatalogue.All.SelectMany(e => e.Aliases.Prepend(e.Name)).ToList();
        Assert.Equal(names.Count, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, n => Assert.Contains(n, ModelCatalogue.Find(n.ToUpperInvariant()).Aliases.Append(ModelCatalogue.Find(n).Name)));
    }

    [Theory]
    [InlineData("NOMIC-EMBED-TEXT-V1.5", "nomic-ai/nomic-embed-text-v1.5")]
    [InlineData("nomic-embed-text:latest", "nomic-ai/nomic-embed-text-v1.5")]
    [InlineData(" text-embedding-3-small ", "openai/text-embedding-3-small")]
    [InlineData("default", "matryoshka/static-en-v1")]
    [InlineData("bge-m3", "BAAI/bge-m3")]
    public void A_model_is_found_by_alias_short_name_and_tag(string given, string name) => Assert.Equal(name, ModelCatalogue.Find(given).Name);

    [Theory]
    [InlineData("nomic-embed-txt-v1.5", "nomic-ai/nomic-embed-text-v1.5")]
    [InlineData("embedinggemma", "google/embeddinggemma-300m")]
    [InlineData("OpenAI/text-embeding-3-large", "openai/text-embedding-3-large")]
    public void A_mistyped_name_is_answered_with_the_near_one(string given, string near)
    {
        var error = Assert.Throws<UnknownModelException>(() => ModelCatalogue.Find(given));
        Assert.Contains(given, error.Message, StringComparison.Ordinal);
        Assert.Contains(near, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("a model of my own that nobody knows")]
    public void A_foreign_name_is_refused_without_a_guess(string given)
    {
        Assert.DoesNotContain("Did you mean", Assert.Throws<UnknownModelException>(() => ModelCatalogue.Find(given)).Message, StringComparison.Ordinal);
        Assert.False(ModelCatalogue.TryFind(given + new string('x', 10_000), out _));
    }

    [Fact]
    public void Fingerprints_are_unique_and_as_recorded()
    {
        var actual = ModelCatalogue.All.Select(e => $"{e.Name} {e.Recipe.Fingerprint}").ToList();
        Assert.Equal(actual.Count, actual.Select(line => line.Split(' ')[1]).Distinct().Count());
        using var stream = typeof(ModelCatalogueTests).Assembly.GetManifestResourceStream("fingerprints.txt")!;
        var recorded = new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // A changed line makes existing collections refuse their own model: change one only when vectors really change.
        Assert.True(actual.SequenceEqual(recorded), "Differs from fingerprints.txt:\n" + string.Join('\n', actual.Except(recorded)));
    }

    [Fact]
    public void The_traps_of_well_known_models_are_recorded()
    {
        var nomic = ModelCatalogue.Find("nomic-embed-text-v1.5").Recipe;
        Assert.Equal(PreTruncation.LayerNorm, nomic.BeforeTruncation);
        Assert.Equal(NestedDimensions.Trained(64, 128, 256, 512, 768), nomic.Dimensions);
        Assert.Equal("search_query: q", nomic.Prompt("q", EmbeddingRole.Query));
        Assert.Equal("search_document: d", nomic.Prompt("d", EmbeddingRole.Document));
        Assert.Equal("title: none | text: d", ModelCatalogue.Find("embeddinggemma").Recipe.Prompt("d", EmbeddingRole.Document));
        Assert.EndsWith("\nQuery:q", ModelCatalogue.Find("Qwen3-Embedding-0.6B").Recipe.Prompt("q", EmbeddingRole.Query), StringComparison.Ordinal);
        Assert.True(ModelCatalogue.Find("Qwen3-Embedding-8B").Recipe.Dimensions.Allows(33));
        Assert.False(ModelCatalogue.Find("gemini-embedding-001").NormalisedByService);
        Assert.True(ModelCatalogue.Find("text-embedding-3-large").Recipe.Dimensions.Allows(123));
        Assert.Equal([256, 1024, 3072], ModelCatalogue.Find("text-embedding-3-large").TrainedDimensions);
        Assert.Equal(NestingKind.None, ModelCatalogue.Find("ada-002").Recipe.Dimensions.Kind);
        Assert.Equal(NestedDimensions.Trained(256, 1024), ModelCatalogue.Find("arctic-l-v2").Recipe.Dimensions);
        Assert.Equal(NestingKind.SeparateHeads, ModelCatalogue.Find("stella_en_400M_v5").Recipe.Dimensions.Kind);
        Assert.Equal(NestingKind.PcaOrdered, ModelCatalogue.Find("potion-base-8M").Recipe.Dimensions.Kind);
        Assert.Equal(NestedDimensions.Trained(32, 64, 128, 256, 512), ModelCatalogue.Find(ModelCatalogue.DefaultModel).Recipe.Dimensions);
    }
}
