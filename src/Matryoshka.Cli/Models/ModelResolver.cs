using Matryoshka.Remote;

namespace Matryoshka.Cli.Models;

/// <summary>A model that was found: where it is, and its recipe as far as that does not follow from its files.</summary>
internal sealed record ResolvedModel(ModelSource Source, ModelRecipe? Recipe);

/// <summary>Finds out what a model's name means: the user's own, a folder, <c>provider:model</c>, the catalogue, a repository.</summary>
internal static class ModelResolver
{
    /// <summary>Publishers of the catalogue that have a service of their own.</summary>
    private static readonly Dictionary<string, string> Services = new(StringComparer.OrdinalIgnoreCase)
    {
        ["openai"] = "openai",
        ["google"] = "gemini",
        ["voyageai"] = "voyage",
        ["cohere"] = "cohere",
        ["jinaai"] = "jina",
    };

    /// <exception cref="MatryoshkaException">The name means nothing, or the options do not go with what it means.</exception>
    public static ResolvedModel Resolve(string name, ModelRequest request, RecipeBook book)
    {
        var recipe = request.Recipe is { } named ? book.Find(named).Recipe : null;
        var found = Find(name, book);
        found = found with { Source = With(found.Source, request, name), Recipe = recipe ?? found.Recipe };
        // A server's name for a model is often not the publisher's; the recipe is found by either.
        if (found is { Recipe: null, Source.Kind: ModelSource.RemoteKind } && RemoteModel.TryParse(found.Source.Where, out var remote) && remote.Name.Length > 0)
            found = found with { Recipe = RecipeOf(remote, book) };
        return found;
    }

    private static ResolvedModel Find(string name, RecipeBook book)
    {
        if (book.Own(name) is { Run: { } run } own)
            return new(run, own.Recipe);
        if (Directory.Exists(name))
            return new(new(ModelSource.FolderKind, Path.GetFullPath(name)), null);
        if (RemoteModel.TryParse(name, out _))
            return new(new(ModelSource.RemoteKind, name.Trim()), null);
        var described = book.Own(name)?.Recipe;
        var (bare, _) = Split(name);
        if (!ModelCatalogue.TryFind(bare, out var entry))
            return bare.Count(letter => letter == '/') == 1 && !bare.StartsWith('.') && !Path.IsPathRooted(bare) ? new(new(ModelSource.HubKind, name), described)
                : throw new UsageException($"'{name}' is neither a folder nor a model of the catalogue: 'mrl models' lists those, a repository is owner/name, a server's model provider:model (providers: {string.Join(", ", RemoteModel.Providers)}), and a folder must hold tokenizer.json and model.onnx or model.safetensors.");
        if (entry.Name == ModelCatalogue.DefaultModel)
            return new(ModelSource.Embedded, null);
        if (!entry.Service)
            return new(new(ModelSource.HubKind, name), described);
        return Services.TryGetValue(entry.Name.Split('/')[0], out var provider)
            ? new(new(ModelSource.RemoteKind, $"{provider}:{entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..]}"), described ?? entry.Recipe)
            : throw new UsageException($"'{entry.Name}' is reached only through its publisher's service, which this build does not speak: name a server of it, provider:model with --endpoint.");
    }

    /// <summary>A place with what the options say of it.</summary>
    /// <exception cref="UsageException">An option does not go with it.</exception>
    public static ModelSource With(ModelSource source, ModelRequest request, string name)
    {
        if (source.Kind != ModelSource.RemoteKind && (request.Endpoint is not null || request.KeyVariable is not null || request.ServerPrompts))
            throw new UsageException($"--endpoint, --key-variable and --server-prompts go with a model at a server, but '{name}' runs here: write provider:model, e.g. compatible:{name.Split('/')[^1]}.");
        if (source.Kind is ModelSource.RemoteKind or ModelSource.EmbeddedKind && (request.ModelFile is not null || request.ExecutionProvider is not null || request.RefuseLongTexts))
            throw new UsageException($"--model-file, --execution-provider and --long-texts refuse go with an ONNX model that runs here, which '{name}' is not.");
        return source with
        {
            Endpoint = request.Endpoint?.ToString() ?? source.Endpoint,
            KeyVariable = request.KeyVariable ?? source.KeyVariable,
            ServerPrompts = request.ServerPrompts || source.ServerPrompts,
            File = request.ModelFile ?? source.File,
        };
    }

    private static ModelRecipe RecipeOf(RemoteModel remote, RecipeBook book)
    {
        try
        {
            return book.Find(remote.Name).Recipe;
        }
        catch (UnknownModelException error)
        {
            throw new UnknownModelException(error.Message.Replace("For any other model, give its recipe.", "", StringComparison.Ordinal).TrimEnd()
                + " If the server has another name for a known model, say --recipe NAME; describe an unknown one in a file for --recipes (docs/models.md).");
        }
    }

    /// <summary>A name and what follows its '@'.</summary>
    public static (string Name, string? Revision) Split(string name) =>
        name.LastIndexOf('@') is > 0 and var at ? (name[..at], name[(at + 1)..]) : (name, null);
}
