using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>
/// Makes any embedding generator follow a model recipe: puts the recipe's prompt before each text, asks for full
/// vectors only, checks every answer, applies the operation before the cut, cuts to
/// <see cref="EmbeddingGenerationOptions.Dimensions"/> (full when none is given) and scales to length 1.
/// The role comes from <see cref="RoleExtensions.RoleProperty"/> of the options. Place a cache inside this generator:
/// it then sees one full-size request whatever prefix is asked for.
/// </summary>
/// <remarks>As safe for concurrent use as the generator within. The inner generator must neither add prompts nor cut.</remarks>
public sealed class RecipeEmbeddingGenerator : DelegatingEmbeddingGenerator<string, Embedding<float>>
{
    private readonly ModelRecipe recipe;
    private readonly bool requestFull;
    private readonly EmbeddingGeneratorMetadata metadata;

    /// <summary>Wraps a generator, which is disposed with this one.</summary>
    /// <param name="innerGenerator">Produces full vectors for texts that carry their prompts.</param>
    /// <param name="recipe">What the inner generator's model needs.</param>
    /// <param name="requestFull">Ask the inner generator for the full dimension in so many words, for services whose
    /// default is smaller (<see cref="CatalogueEntry.ServiceDefaultDimensions"/>); otherwise no dimension is sent.</param>
    public RecipeEmbeddingGenerator(IEmbeddingGenerator<string, Embedding<float>> innerGenerator, ModelRecipe recipe, bool requestFull = false)
        : base(innerGenerator)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        this.recipe = recipe;
        this.requestFull = requestFull;
        var inner = innerGenerator.GetService(typeof(EmbeddingGeneratorMetadata)) as EmbeddingGeneratorMetadata;
        metadata = new EmbeddingGeneratorMetadata(inner?.ProviderName, inner?.ProviderUri, inner?.DefaultModelId ?? recipe.Name, recipe.Dimensions.Full);
    }

    /// <inheritdoc/>
    /// <exception cref="DimensionNotAllowedException">The recipe does not allow the dimensions asked for; nothing was sent.</exception>
    /// <exception cref="InvalidVectorException">The inner generator answered with another number of vectors, another length, or a vector that is not finite or all zeros.</exception>
    /// <exception cref="InvalidFormatException">The options name an unknown role.</exception>
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var role = options.GetRole();
        var d = recipe.Dimensions.Require(options?.Dimensions ?? recipe.Dimensions.Full);
        var texts = values.Select((text, row) => recipe.Prompt(text ?? throw new InvalidFormatException($"Text {row} is null; give a text, empty if need be."), role)).ToList();

        var answers = await InnerGenerator.GenerateAsync(texts, FullSize(options), cancellationToken).ConfigureAwait(false);
        if (answers.Count != texts.Count)
            throw new InvalidVectorException($"{texts.Count} texts were sent to '{recipe.Name}', but {answers.Count} vectors came back; check the service.");

        var results = new GeneratedEmbeddings<Embedding<float>>(answers.Count) { Usage = answers.Usage, AdditionalProperties = answers.AdditionalProperties };
        for (var row = 0; row < answers.Count; row++)
            results.Add(Cut(answers[row], d, row));
        return results;
    }

    /// <summary>Returns the <see cref="ModelRecipe"/>, metadata with the full dimension, or what the inner generator offers.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is null && serviceType == typeof(ModelRecipe) ? recipe
            : serviceKey is null && serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : base.GetService(serviceType, serviceKey);
    }

    private EmbeddingGenerationOptions? FullSize(EmbeddingGenerationOptions? options)
    {
        if (!requestFull && options?.Dimensions is null)
            return options?.Clone();
        options = options?.Clone() ?? new EmbeddingGenerationOptions();
        options.Dimensions = requestFull ? recipe.Dimensions.Full : null;
        return options;
    }

    private Embedding<float> Cut(Embedding<float> answer, int d, int row)
    {
        var full = answer.Vector.Span;
        if (full.Length != recipe.Dimensions.Full)
            throw new InvalidVectorException(WrongLength(full.Length, row));
        var prefix = new float[d];
        Truncation.Cut(full, recipe.Dimensions, recipe.BeforeTruncation, d, prefix, row);
        return new Embedding<float>(prefix)
        {
            CreatedAt = answer.CreatedAt,
            ModelId = answer.ModelId,
            AdditionalProperties = answer.AdditionalProperties,
        };
    }

    private string WrongLength(int length, int row)
    {
        var full = recipe.Dimensions.Full;
        var what = $"Row {row}: the generator answered with {length} components, but '{recipe.Name}' has {full}.";
        return length < full
            ? $"{what} It may cut vectors itself or have a smaller default: let it answer in full, or wrap it with {nameof(requestFull)}."
            : $"{what} It probably runs another model: check its name, or use that model's recipe.";
    }
}

/// <summary>Attaches model recipes to embedding generators.</summary>
public static class RecipeExtensions
{
    /// <summary>Makes a generator follow a recipe; see <see cref="RecipeEmbeddingGenerator"/>.</summary>
    public static RecipeEmbeddingGenerator WithRecipe(this IEmbeddingGenerator<string, Embedding<float>> generator, ModelRecipe recipe, bool requestFull = false) =>
        new(generator, recipe, requestFull);
}
