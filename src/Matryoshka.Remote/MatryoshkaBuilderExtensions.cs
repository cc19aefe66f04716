using Microsoft.Extensions.AI;

namespace Matryoshka.Remote;

/// <summary>Stages for <see cref="EmbeddingGeneratorBuilder{TInput, TEmbedding}"/>. The first stage added is the outermost.</summary>
public static class MatryoshkaBuilderExtensions
{
    /// <summary>
    /// Follows a recipe and cuts to a dimension: a generator within that names no recipe is wrapped with this one
    /// (<see cref="RecipeEmbeddingGenerator"/>), one that names the same is left as it is.
    /// </summary>
    /// <param name="builder">The pipeline.</param>
    /// <param name="recipe">The model's recipe.</param>
    /// <param name="dimensions">The components of a vector when a call does not say; null for all. Leave it out for collections: they store full vectors.</param>
    /// <exception cref="DimensionNotAllowedException">The recipe does not allow the dimensions.</exception>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> UseMatryoshka(
        this EmbeddingGeneratorBuilder<string, Embedding<float>> builder, ModelRecipe recipe, int? dimensions = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(recipe);
        if (dimensions is { } d)
            recipe.Dimensions.Require(d);
        return builder.Use(inner =>
        {
            var own = inner.GetService(typeof(ModelRecipe)) as ModelRecipe;
            if (own is not null && own.Fingerprint != recipe.Fingerprint)
                throw new MatryoshkaException($"The generator within applies the recipe of '{own.Name}' ({own.Fingerprint}), not that of '{recipe.Name}' ({recipe.Fingerprint}): use one of them.");
            var generator = own is null ? inner.WithRecipe(recipe) : inner;
            return dimensions is null ? generator : new PresetDimensionsGenerator(generator, dimensions.Value);
        });
    }

    /// <summary>Answers from a cache what was asked before; see <see cref="MatryoshkaCacheEmbeddingGenerator"/>.</summary>
    /// <param name="builder">The pipeline; the stages after this one name a recipe.</param>
    /// <param name="cache">The cache; not disposed with the generator.</param>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> UseMatryoshkaCache(
        this EmbeddingGeneratorBuilder<string, Embedding<float>> builder, MatryoshkaCache cache)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(cache);
        return builder.Use(inner => new MatryoshkaCacheEmbeddingGenerator(inner, cache));
    }

    /// <summary>Answers from a cache file what was asked before; it is opened when the pipeline is built and closed with it.</summary>
    /// <param name="builder">The pipeline; the stages after this one name a recipe.</param>
    /// <param name="path">The file; created if need be.</param>
    /// <param name="maxBytes">About how large it may become.</param>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> UseMatryoshkaCache(
        this EmbeddingGeneratorBuilder<string, Embedding<float>> builder, string path, long maxBytes = MatryoshkaCache.DefaultMaxBytes)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return builder.Use(inner =>
        {
            var cache = MatryoshkaCache.Open(path, maxBytes);
            try
            {
                return new MatryoshkaCacheEmbeddingGenerator(inner, cache, ownsCache: true);
            }
            catch
            {
                cache.Dispose();
                throw;
            }
        });
    }

    /// <summary>Asks for the same dimensions in every call that names none.</summary>
    private sealed class PresetDimensionsGenerator(IEmbeddingGenerator<string, Embedding<float>> inner, int dimensions) : DelegatingEmbeddingGenerator<string, Embedding<float>>(inner)
    {
        public override Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (options?.Dimensions is null)
            {
                options = options?.Clone() ?? new EmbeddingGenerationOptions();
                options.Dimensions = dimensions;
            }
            return base.GenerateAsync(values, options, cancellationToken);
        }

        public override object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceKey is null && serviceType == typeof(EmbeddingGeneratorMetadata) && base.GetService(serviceType) is EmbeddingGeneratorMetadata metadata
                ? new EmbeddingGeneratorMetadata(metadata.ProviderName, metadata.ProviderUri, metadata.DefaultModelId, dimensions)
                : base.GetService(serviceType, serviceKey);
    }
}
