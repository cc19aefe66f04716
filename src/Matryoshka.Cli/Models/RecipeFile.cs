using System.Text.Json;
using System.Text.Json.Serialization;
using Matryoshka.Cli.Files;
using Matryoshka.Remote;

namespace Matryoshka.Cli.Models;

/// <summary>A model that the user described.</summary>
/// <param name="Recipe">Its recipe.</param>
/// <param name="Aliases">Other names for it.</param>
/// <param name="Run">Where it runs; null where its name says it.</param>
internal sealed record OwnModel(ModelRecipe Recipe, IReadOnlyList<string> Aliases, ModelSource? Run);

/// <summary>A reranker that the user described.</summary>
internal sealed record OwnReranker(string Name, ModelSource Run);

/// <summary>Reads a file of the user's own recipes. Its form is described in docs/models.md.</summary>
internal static class RecipeFile
{
    /// <exception cref="InvalidFormatException">The file has another form.</exception>
    public static (List<OwnModel> Models, List<OwnReranker> Rerankers) Read(string path)
    {
        RecipeFileJson file;
        try
        {
            using var stream = InputFile.Open(path);
            file = JsonSerializer.Deserialize(stream, RecipeFileContext.Default.RecipeFileJson) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new InvalidFormatException($"'{path}' is not a file of recipes: {error.Message.TrimEnd('.')}. It holds an object with 'models' and 'rerankers'; docs/models.md describes it.", error);
        }
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var models = (file.Models ?? []).Select((model, i) => Model(model, folder, $"Model {i + 1} of '{path}'")).ToList();
        var rerankers = (file.Rerankers ?? []).Select((reranker, i) => Reranker(reranker, folder, $"Reranker {i + 1} of '{path}'")).ToList();
        var names = models.SelectMany(model => model.Aliases.Prepend(model.Recipe.Name));
        foreach (var list in new[] { names, rerankers.Select(reranker => reranker.Name) })
            if (list.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw new InvalidFormatException($"'{path}' names '{twice.Key}' twice.");
        return (models, rerankers);
    }

    private static OwnModel Model(ModelJsonEntry model, string folder, string place)
    {
        if (model.Recipe.ValueKind != JsonValueKind.Object)
            throw new InvalidFormatException($"{place} has no 'recipe'.");
        try
        {
            return new(ModelRecipe.FromJson(model.Recipe.GetRawText()), model.Aliases ?? [], model.Run is null ? null : Source(model.Run, model.Endpoint, model.KeyVariable, model.ModelFile, model.ServerPrompts, folder, place));
        }
        catch (InvalidFormatException error) when (!error.Message.StartsWith(place, StringComparison.Ordinal))
        {
            throw new InvalidFormatException($"{place}: {error.Message}", error);
        }
    }

    private static OwnReranker Reranker(RerankerJsonEntry reranker, string folder, string place) =>
        string.IsNullOrWhiteSpace(reranker.Name) || string.IsNullOrWhiteSpace(reranker.Run)
            ? throw new InvalidFormatException($"{place} needs 'name' and 'run'.")
            : new(reranker.Name, Source(reranker.Run, reranker.Endpoint, reranker.KeyVariable, reranker.ModelFile, false, folder, place));

    // A folder is meant from where the file lies, so that both can be moved together.
    private static ModelSource Source(string run, string? endpoint, string? keyVariable, string? file, bool serverPrompts, string folder, string place)
    {
        var remote = RemoteModel.TryParse(run, out _);
        if (!remote && (endpoint is not null || keyVariable is not null || serverPrompts))
            throw new InvalidFormatException($"{place} gives an endpoint, a key or server prompts, but 'run' is '{run}', not provider:model.");
        if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
            throw new InvalidFormatException($"{place} has the endpoint '{endpoint}', which is not an address: write http://localhost:8080 or https://... .");
        var local = Path.GetFullPath(run, folder);
        return new(remote ? ModelSource.RemoteKind : Directory.Exists(local) ? ModelSource.FolderKind : ModelSource.HubKind, !remote && Directory.Exists(local) ? local : run)
        {
            Endpoint = endpoint,
            KeyVariable = keyVariable,
            File = file,
            ServerPrompts = serverPrompts,
        };
    }
}

internal sealed record RecipeFileJson(List<ModelJsonEntry>? Models, List<RerankerJsonEntry>? Rerankers);

internal sealed record ModelJsonEntry(JsonElement Recipe, List<string>? Aliases, string? Run, string? Endpoint, string? KeyVariable, string? ModelFile, bool ServerPrompts);

internal sealed record RerankerJsonEntry(string? Name, string? Run, string? Endpoint, string? KeyVariable, string? ModelFile);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false, AllowTrailingCommas = true, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(RecipeFileJson))]
internal sealed partial class RecipeFileContext : JsonSerializerContext;
