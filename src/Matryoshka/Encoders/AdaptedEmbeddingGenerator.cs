using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>
/// Embeds with a model and projects its full vectors by an adapter, then cuts to the dimensions asked for. It carries the
/// adapted recipe, so a collection of adapted vectors refuses the plain model and the other way round.
/// </summary>
/// <remarks>As safe for concurrent use as the generator within, which must carry its recipe (<see cref="RecipeExtensions.WithRecipe"/>).</remarks>
public sealed class AdaptedEmbeddingGenerator : DelegatingEmbeddingGenerator<string, Embedding<float>>
{
    private readonly VectorAdapter adapter;
    private readonly ModelRecipe recipe;
    private readonly EmbeddingGeneratorMetadata metadata;

    /// <summary>Wraps a generator, which is disposed with this one.</summary>
    /// <exception cref="RecipeMismatchException">The adapter was fitted to vectors of another recipe.</exception>
    /// <exception cref="MatryoshkaException">The generator does not name its recipe.</exception>
    public AdaptedEmbeddingGenerator(IEmbeddingGenerator<string, Embedding<float>> innerGenerator, VectorAdapter adapter)
        : base(innerGenerator)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        this.adapter = adapter;
        var own = innerGenerator.GetService(typeof(ModelRecipe)) as ModelRecipe
            ?? throw new MatryoshkaException("The generator does not name its recipe: wrap it with generator.WithRecipe(recipe) before adapting it.");
        recipe = adapter.Adapt(own);
        var inner = innerGenerator.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata;
        metadata = new EmbeddingGeneratorMetadata(inner?.ProviderName, inner?.ProviderUri, inner?.DefaultModelId ?? recipe.Name, recipe.Dimensions.Full);
    }

    /// <inheritdoc/>
    /// <exception cref="DimensionNotAllowedException">The adapter does not give the dimensions asked for; nothing was embedded.</exception>
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var d = recipe.Dimensions.Require(options?.Dimensions ?? recipe.Dimensions.Full);
        var full = options?.Clone();
        full?.Dimensions = null;
        var answers = await InnerGenerator.GenerateAsync(values, full, cancellationToken).ConfigureAwait(false);
        var results = new GeneratedEmbeddings<Embedding<float>>(answers.Count) { Usage = answers.Usage, AdditionalProperties = answers.AdditionalProperties };
        for (var row = 0; row < answers.Count; row++)
        {
            var projected = new float[recipe.Dimensions.Full];
            adapter.Apply(answers[row].Vector.Span, projected, row);
            var prefix = new float[d];
            Truncation.Cut(projected, recipe.Dimensions, PreTruncation.None, d, prefix, row);
            results.Add(new Embedding<float>(prefix) { CreatedAt = answers[row].CreatedAt, ModelId = answers[row].ModelId, AdditionalProperties = answers[row].AdditionalProperties });
        }
        return results;
    }

    /// <summary>Returns the adapted <see cref="ModelRecipe"/>, metadata with its full dimension, or what the inner generator offers.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is null && serviceType == typeof(ModelRecipe) ? recipe
            : serviceKey is null && serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : base.GetService(serviceType, serviceKey);
    }
}
