using Matryoshka.Cli.Output;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Commands;

/// <summary>Decides what embeds texts: the model inside the library, or one in a local folder.</summary>
internal static class ModelLoader
{
    /// <summary>Opens the session's collection together with the model that embeds its queries and texts.</summary>
    /// <param name="session">Names the collection.</param>
    /// <param name="model">What --model says; null for the collection's own model.</param>
    /// <param name="adapter">The file of the adapter that the collection's vectors were projected by; null for plain vectors.</param>
    public static async Task<Collection> OpenAsync(Session session, string? model, string? adapter = null)
    {
        if (adapter is null)
            return (await OpenWithGeneratorAsync(session, model).ConfigureAwait(false)).Collection;
        var projection = VectorAdapter.Load(adapter);
        if (model is null)
            using (var bare = session.Open())
                model = bare.Recipe.Name;
        return session.Open(new AdaptedEmbeddingGenerator(Load(model), projection));
    }

    /// <summary>As <see cref="OpenAsync"/>, with the generator for those who need its tokenizer.</summary>
    public static async Task<(Collection Collection, IEmbeddingGenerator<string, Embedding<float>> Generator)> OpenWithGeneratorAsync(Session session, string? model)
    {
        if (model is not null)
        {
            var named = Load(model);
            return (session.Open(named), named);
        }
        // The model is loaded beside the opening: nearly all collections use it, and each takes about as long as the other.
        var loading = Task.Run(StaticEmbeddingGenerator.Default);
        string name;
        using (var bare = session.Open())
        {
            name = bare.Recipe.Name;
            if (bare.Recipe.Adapter is not null)
                throw new UsageException($"The vectors in '{session.Directory}' were projected by an adapter: give the same to search them, --adapter FILE.");
        }
        if (name != ModelCatalogue.DefaultModel)
            throw NoRunner(name, $"The vectors in '{session.Directory}' come from '{name}', and this build cannot run it. "
                + "If it is a static model, give its folder: --model DIR. Without it, use 'mrl similar KEY' or 'mrl search --keyword'.");
        var generator = await loading.ConfigureAwait(false);
        return (session.Open(generator), generator);
    }

    /// <summary>The generator of a model.</summary>
    /// <param name="model">A folder or a name; null for the model inside the library.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> Load(string? model)
    {
        if (model is null)
            return StaticEmbeddingGenerator.Default();
        if (Directory.Exists(model))
            return new StaticEmbeddingGenerator(StaticModel.Load(model));
        if (!ModelCatalogue.TryFind(model, out var entry))
            throw new UsageException($"'{model}' is neither a folder nor a model of the catalogue: 'mrl models' lists those, and a folder must hold model.safetensors and tokenizer.json.");
        return entry.Name == ModelCatalogue.DefaultModel
            ? StaticEmbeddingGenerator.Default()
            : throw NoRunner(entry.Name, $"This build cannot run '{entry.Name}'. Embed with '{ModelCatalogue.DefaultModel}' (the default) or a static model's folder, or compute the vectors elsewhere and 'mrl import' them with --model {entry.Name}.");
    }

    private static MatryoshkaException NoRunner(string name, string message) =>
        new(ModelCatalogue.TryFind(name, out var entry) && entry.Service ? message + " It is reached only through its publisher's service." : message);
}
