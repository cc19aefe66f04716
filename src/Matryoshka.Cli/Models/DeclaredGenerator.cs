using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Models;

/// <summary>
/// A generator under a recipe that the user declared in place of its own: with prefixes that the model was not trained for, or
/// with an identity that a collection leaves open. Full vectors are asked for and cut here.
/// </summary>
internal sealed class DeclaredGenerator(IEmbeddingGenerator<string, Embedding<float>> inner, ModelRecipe recipe) : DelegatingEmbeddingGenerator<string, Embedding<float>>(inner)
{
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var d = recipe.Dimensions.Require(options?.Dimensions ?? recipe.Dimensions.Full);
        if (options?.Dimensions is not null)
        {
            options = options.Clone();
            options.Dimensions = null;
        }
        var full = await base.GenerateAsync(values, options, cancellationToken).ConfigureAwait(false);
        if (d == recipe.Dimensions.Full)
            return full;
        var cut = new GeneratedEmbeddings<Embedding<float>>(full.Count) { Usage = full.Usage, AdditionalProperties = full.AdditionalProperties };
        for (var i = 0; i < full.Count; i++)
        {
            var prefix = new float[d];
            // The operation before the cut, if there is one, was applied within.
            Truncation.Cut(full[i].Vector.Span, recipe.Dimensions, PreTruncation.None, d, prefix, i);
            cut.Add(new(prefix) { ModelId = full[i].ModelId, CreatedAt = full[i].CreatedAt });
        }
        return cut;
    }

    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType == typeof(ModelRecipe) ? recipe : base.GetService(serviceType, serviceKey);
}
