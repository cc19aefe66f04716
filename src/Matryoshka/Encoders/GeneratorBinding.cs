using Microsoft.Extensions.AI;

namespace Matryoshka;

/// <summary>Finds the recipe of a generator and holds it against a collection's.</summary>
internal static class GeneratorBinding
{
    /// <summary>The generator, wrapped in its recipe if it does not apply one itself, and the recipe; both null when neither was given.</summary>
    public static (IEmbeddingGenerator<string, Embedding<float>>? Generator, ModelRecipe? Recipe) Resolve(
        IEmbeddingGenerator<string, Embedding<float>>? generator, ModelRecipe? recipe)
    {
        if (generator is null)
            return (null, recipe);
        if (generator.GetService(typeof(ModelRecipe)) is not ModelRecipe own)
            return recipe is null
                ? throw new MatryoshkaException("The generator does not name its recipe: wrap it with generator.WithRecipe(recipe), or set the Recipe option.")
                : (generator.WithRecipe(recipe), recipe);
        if (recipe is not null && recipe.Fingerprint != own.Fingerprint)
            throw new MatryoshkaException($"The generator applies the recipe of '{own.Name}' ({own.Fingerprint}), but the Recipe option says '{recipe.Name}' ({recipe.Fingerprint}): leave the option out.");
        return (generator, own);
    }

    /// <exception cref="RecipeMismatchException">The fingerprints differ.</exception>
    public static void RequireSame(string directory, ModelRecipe stored, ModelRecipe given)
    {
        if (stored.Fingerprint == given.Fingerprint)
            return;
        var differences = stored.DifferencesFrom(given);
        var fields = string.Join("; ", differences.Select(d => $"{d.Field} '{d.Left}' there, '{d.Right}' here"));
        throw new RecipeMismatchException(
            $"The vectors in '{directory}' come from '{stored.Name}' ({stored.Fingerprint}), not from '{given.Name}' ({given.Fingerprint}), and must not be mixed. They differ in: {fields}. "
            + $"Use --model {stored.Name}, or index into a new collection: mrl index PATH -c NEW --model {given.Name}.", differences);
    }
}
