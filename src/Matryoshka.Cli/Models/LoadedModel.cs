using Matryoshka.Cli.Output;
using Matryoshka.Onnx;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Models;

/// <summary>A model ready to embed, and where it was found.</summary>
internal sealed record LoadedModel(IEmbeddingGenerator<string, Embedding<float>> Generator, ModelSource Source) : IDisposable
{
    /// <summary>The recipe of its vectors; the first use may hash the weights.</summary>
    public ModelRecipe Recipe => (ModelRecipe)Generator.GetService(typeof(ModelRecipe))!;

    /// <summary>The same model, its vectors projected.</summary>
    /// <exception cref="RecipeMismatchException">The adapter was fitted to vectors of another recipe.</exception>
    public LoadedModel AdaptedBy(VectorAdapter adapter) => this with { Generator = new AdaptedEmbeddingGenerator(Generator, adapter) };

    /// <summary>Says how many texts were cut to the model's limit; nothing is cut silently.</summary>
    public void ReportCuts(Session session)
    {
        if (Source.Kind is ModelSource.FolderKind or ModelSource.HubKind)
            ReportOnnxCuts(session);
    }

    public void Dispose() => Generator.Dispose();

    private void ReportOnnxCuts(Session session)
    {
        if (Generator.GetService(typeof(OnnxEmbeddingGenerator)) is OnnxEmbeddingGenerator { TruncatedTexts: > 0 and var cut })
            session.Warn($"{Figures.Count(cut, "text")} had more tokens than the {Recipe.MaxTokens} that '{Recipe.Name}' takes and lost the rest; --long-texts refuse makes that an error.");
    }
}
