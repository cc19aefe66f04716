using Matryoshka.Cli.Output;
using Matryoshka.Onnx;
using Matryoshka.Remote;
using Microsoft.Extensions.AI;

namespace Matryoshka.Cli.Models;

/// <summary>Loads what embeds texts: the model inside the library, a folder's, one of a hub's cache, or one at a server.</summary>
internal static class ModelLoader
{
    /// <summary>The model that the options name; the one inside the library when they name none.</summary>
    public static async Task<LoadedModel> LoadAsync(Session session, ModelRequest request, CancellationToken cancellationToken)
    {
        var found = request.Model is { } name ? ModelResolver.Resolve(name, request, RecipeBook.Open(session, request.RecipeFile)) : new(ModelSource.Embedded, null);
        var model = await LoadAsync(session, found, request, cancellationToken).ConfigureAwait(false);
        return request.Force ? Forced(model) : model;
    }

    public static Task<LoadedModel> LoadAsync(Session session, ResolvedModel model, ModelRequest request, CancellationToken cancellationToken) => model.Source.Kind switch
    {
        // Each kind in a method of its own: what the others need is not loaded.
        ModelSource.EmbeddedKind => Task.FromResult(new LoadedModel(StaticEmbeddingGenerator.Default(), ModelSource.Embedded)),
        ModelSource.FolderKind => Task.FromResult(LoadFolder(model, request, null)),
        ModelSource.HubKind => LoadFromHubAsync(session, model, request, cancellationToken),
        _ => LoadRemoteAsync(model, request, cancellationToken),
    };

    private static async Task<LoadedModel> LoadFromHubAsync(Session session, ResolvedModel model, ModelRequest request, CancellationToken cancellationToken)
    {
        var pulled = await HubModels.FindOrPullAsync(session, model.Source.Where, model.Source.File, request.Offline, cancellationToken).ConfigureAwait(false);
        var (name, _) = ModelResolver.Split(model.Source.Where);
        // The commit is remembered: a branch that moves on must not change the model of a collection.
        var source = model.Source with { Where = $"{(ModelCatalogue.TryFind(name, out var entry) ? entry.Name : name)}@{pulled.Commit}" };
        var folder = LoadFolder(model with { Source = source with { Where = pulled.Folder, File = pulled.ModelFile } }, request, pulled);
        return folder with { Source = source };
    }

    private static LoadedModel LoadFolder(ResolvedModel model, ModelRequest request, PulledModel? pulled)
    {
        var (folder, file) = (model.Source.Where, model.Source.File);
        IEmbeddingGenerator<string, Embedding<float>> generator = StaticFolder.Is(folder, file)
            ? new StaticEmbeddingGenerator(StaticModel.Load(folder, new()
            {
                Name = model.Recipe?.Name ?? pulled?.Entry?.Name ?? pulled?.Repository,
                Dimensions = (model.Recipe ?? pulled?.Entry?.Recipe)?.Dimensions,
            }))
            : LoadOnnx(folder, file, model.Recipe, pulled, request);
        return Cached(new(generator, model.Source), request);
    }

    private static OnnxEmbeddingGenerator LoadOnnx(string folder, string? file, ModelRecipe? recipe, PulledModel? pulled, ModelRequest request) =>
        OnnxEmbeddingGenerator.Load(folder, OnnxOptions(file, request) with { Recipe = recipe, Name = recipe is null ? pulled?.Entry?.Name : null });

    /// <summary>What the options say of an ONNX model.</summary>
    public static OnnxModelOptions OnnxOptions(string? file, ModelRequest request)
    {
        var (provider, device) = Provider(request.ExecutionProvider);
        return new()
        {
            ModelFile = file,
            Provider = provider,
            DeviceId = device,
            // A GPU is better served with large batches: padding costs it less than many calls.
            MaxPadding = provider == ExecutionProvider.Cpu ? 0.08 : 0.3,
            MaxBatchTexts = request.Batch ?? 32,
            LongTexts = request.RefuseLongTexts ? LongTextPolicy.Refuse : LongTextPolicy.Truncate,
        };
    }

    /// <summary>What the options say of a model at a server.</summary>
    public static RemoteOptions RemoteOptions(ModelSource source, ModelRecipe? recipe, ModelRequest request)
    {
        var defaults = new RemoteOptions();
        return new()
        {
            Endpoint = source.Endpoint is { } address ? new Uri(address) : null,
            ApiKeyVariable = source.KeyVariable,
            Recipe = recipe,
            ServerPrompts = source.ServerPrompts ? true : null,
            MaxConcurrency = request.Requests ?? defaults.MaxConcurrency,
            MaxBatchTexts = request.Batch,
        };
    }

    private static async Task<LoadedModel> LoadRemoteAsync(ResolvedModel model, ModelRequest request, CancellationToken cancellationToken)
    {
        var generator = await RemoteEmbeddingGenerator.CreateAsync(model.Source.Where, RemoteOptions(model.Source, model.Recipe, request), cancellationToken).ConfigureAwait(false);
        // A TEI server says itself what it runs; that is what is remembered.
        var served = (RemoteModel)generator.GetService(typeof(RemoteModel))!;
        return Cached(new(generator, model.Source with { Where = served.ToString() }), request);
    }

    private static LoadedModel Cached(LoadedModel model, ModelRequest request) => request.Cache is not { } path ? model
        : model with { Generator = new MatryoshkaCacheEmbeddingGenerator(model.Generator, MatryoshkaCache.Open(path), ownsCache: true) };

    /// <summary>A model that was not trained for it, to be cut at any size all the same.</summary>
    /// <exception cref="UsageException">It was trained for it.</exception>
    public static LoadedModel Forced(LoadedModel model)
    {
        var recipe = model.Recipe;
        if (recipe.Dimensions.Kind is not (NestingKind.None or NestingKind.SeparateHeads))
            throw new UsageException($"'{recipe.Name}' needs no --force: {recipe.Dimensions.Allowed}.");
        return model with { Generator = new DeclaredGenerator(model.Generator, recipe with { Dimensions = NestedDimensions.Forced(recipe.Dimensions.Full) }) };
    }

    private static (ExecutionProvider Provider, int Device) Provider(string? text)
    {
        if (text is null)
            return (ExecutionProvider.Cpu, 0);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0 && !int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _))
            throw new UsageException($"'{text}' is not an execution provider: write e.g. cuda, or cuda:1 for the second device.");
        try
        {
            return (ExecutionProviders.Parse(colon < 0 ? text : text[..colon]), colon < 0 ? 0 : int.Parse(text.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (MatryoshkaException error)
        {
            throw new UsageException(error.Message);
        }
    }
}
