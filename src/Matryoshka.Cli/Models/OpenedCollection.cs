using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Models;

/// <summary>A collection and the model that embeds for it.</summary>
internal sealed record OpenedCollection(Collection Collection, LoadedModel Model) : IDisposable
{
    /// <summary>Opens the session's collection together with the model that embeds its queries and texts: the one named, else the one it remembers, else the one its recipe names.</summary>
    public static async Task<OpenedCollection> OpenAsync(Session session, ModelRequest request, CancellationToken cancellationToken)
    {
        if (request.Adapter is not null)
            return await OpenAdaptedAsync(session, request, VectorAdapter.Load(request.Adapter), cancellationToken).ConfigureAwait(false);
        if (request.Model is not null)
        {
            ModelRecipe recipe;
            using (var bare = session.Open())
                recipe = bare.Recipe;
            RequirePlain(session, recipe);
            return Bind(session, recipe, await ModelLoader.LoadAsync(session, request with { Force = false }, cancellationToken).ConfigureAwait(false));
        }
        // The model is loaded beside the opening: nearly all collections use it, and each takes about as long as the other.
        var loading = Task.Run(StaticEmbeddingGenerator.Default, cancellationToken);
        ModelRecipe stored;
        string? remembered;
        using (var bare = session.Open())
            (stored, remembered) = (bare.Recipe, bare.Model);
        RequirePlain(session, stored);
        if (stored.Name == ModelCatalogue.DefaultModel)
            return Bind(session, stored, new(await loading.ConfigureAwait(false), ModelSource.Embedded));
        return Bind(session, stored, await LoadRememberedAsync(session, stored, remembered, request, cancellationToken).ConfigureAwait(false));
    }

    private static void RequirePlain(Session session, ModelRecipe stored)
    {
        if (stored.Adapter is not null)
            throw new UsageException($"The vectors in '{session.Directory}' were projected by an adapter: give the same one, --adapter FILE.");
    }

    // The model's own sizes are not in an adapted recipe; its full one, which alone counts, is what the adapter takes.
    private static async Task<OpenedCollection> OpenAdaptedAsync(Session session, ModelRequest request, VectorAdapter adapter, CancellationToken cancellationToken)
    {
        ModelRecipe stored;
        string? remembered;
        using (var bare = session.Open())
            (stored, remembered) = (bare.Recipe, bare.Model);
        var plain = stored with { Adapter = null, Dimensions = NestedDimensions.None(adapter.InputDimensions) };
        var model = request.Model is not null || stored.Name == ModelCatalogue.DefaultModel
            ? await ModelLoader.LoadAsync(session, request with { Force = false }, cancellationToken).ConfigureAwait(false)
            : await LoadRememberedAsync(session, plain, remembered, request, cancellationToken).ConfigureAwait(false);
        try
        {
            model = model.AdaptedBy(adapter);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        return Bind(session, stored, model);
    }

    /// <summary>Loads a collection's own model. One that only its recipe's name tells of is not downloaded unasked.</summary>
    public static Task<LoadedModel> LoadRememberedAsync(Session session, ModelRecipe stored, string? remembered, ModelRequest request, CancellationToken cancellationToken) =>
        ModelLoader.LoadAsync(session, Remembered(session, stored, remembered, request), remembered is null ? request with { Offline = true } : request, cancellationToken);

    // Where a collection's model is, and the recipe to run it by.
    private static ResolvedModel Remembered(Session session, ModelRecipe stored, string? remembered, ModelRequest request)
    {
        if (ModelSource.Parse(remembered) is { } source)
            return new(ModelResolver.With(source, request, stored.Name), Open(source));
        // A name that nobody knows may be anything: it is not looked for on a hub unasked.
        var book = RecipeBook.Open(session, request.RecipeFile);
        if (book.Own(stored.Name) is null && !ModelCatalogue.TryFind(stored.Name, out _))
            throw new MatryoshkaException($"The vectors in '{session.Directory}' come from '{stored.Name}', and nothing says where that model is: name it with --model (--model DIR, owner/name or provider:model). "
                + "Without it, use 'mrl similar KEY' or 'mrl search --keyword'.");
        var found = ModelResolver.Resolve(stored.Name, request, book);
        return found with { Recipe = Open(found.Source) };

        // Weights and tokenizer of files are found anew, and so compared with those of the collection.
        ModelRecipe Open(ModelSource source) => source.Kind == ModelSource.RemoteKind ? stored : stored with { Weights = null, Tokenizer = null };
    }

    public void Dispose()
    {
        Collection.Dispose();
        Model.Dispose();
    }

    private static OpenedCollection Bind(Session session, ModelRecipe stored, LoadedModel model)
    {
        try
        {
            var own = model.Recipe;
            if (stored.Fingerprint != own.Fingerprint && LeavesOpen(stored, own))
            {
                session.Note($"'{session.Directory}' does not say which weights of '{stored.Name}' its vectors come from; those of {model.Source} are taken to be the same.");
                model = model with { Generator = new DeclaredGenerator(model.Generator, stored) };
            }
            return new(session.Open(model.Generator), model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // Imported vectors are known by their model's name alone.
    private static bool LeavesOpen(ModelRecipe stored, ModelRecipe own) =>
        stored.DifferencesFrom(own).All(difference => difference is { Field: "weights" or "tokenizer", Left.Length: 0 });
}
