using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Models;

/// <summary>The catalogue with the user's own models before it.</summary>
internal sealed class RecipeBook
{
    public const string Variable = "MRL_RECIPES";

    private readonly string path;
    private readonly List<OwnModel> models;
    private readonly List<OwnReranker> rerankers;

    private RecipeBook(string path, List<OwnModel> models, List<OwnReranker> rerankers) => (this.path, this.models, this.rerankers) = (path, models, rerankers);

    /// <summary>Reads the file named, else the one that MRL_RECIPES names, else mrl/recipes.json in the user's configuration if it is there.</summary>
    /// <exception cref="MatryoshkaException">The file cannot be read or has another form.</exception>
    public static RecipeBook Open(Session session, string? file)
    {
        file ??= session.Host.Variable(Variable) is { Length: > 0 } named ? named : null;
        var usual = Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "mrl", "recipes.json");
        if (file is null && !File.Exists(usual))
            return new("", [], []);
        var (models, rerankers) = RecipeFile.Read(file ?? usual);
        return new(file ?? usual, models, rerankers);
    }

    /// <summary>Every model, the user's own first; one that the user describes anew stands once.</summary>
    public IEnumerable<CatalogueEntry> All => models.Select(Entry).Concat(ModelCatalogue.All.Where(entry => Own(entry.Name) is null));

    public OwnModel? Own(string name) =>
        models.Find(model => model.Recipe.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || model.Aliases.Contains(name, StringComparer.OrdinalIgnoreCase))
        ?? (ModelCatalogue.TryFind(name, out var entry) ? models.Find(model => model.Recipe.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)) : null);

    public OwnReranker? Reranker(string name) => rerankers.Find(reranker => reranker.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="UnknownModelException">There is none; the message suggests similar names.</exception>
    public CatalogueEntry Find(string name) => Own(name) is { } own ? Entry(own) : ModelCatalogue.Find(name);

    // What the catalogue knows of a model that the user describes anew still holds, except its recipe.
    private CatalogueEntry Entry(OwnModel own)
    {
        var source = new FactSource("recipe", path, FactStatus.Unverified);
        return ModelCatalogue.TryFind(own.Recipe.Name, out var known)
            ? known with { Recipe = own.Recipe, Aliases = [.. known.Aliases.Union(own.Aliases, StringComparer.OrdinalIgnoreCase)], Sources = [source, .. known.Sources] }
            : new()
            {
                Recipe = own.Recipe,
                Aliases = own.Aliases,
                Service = own.Run?.Kind == ModelSource.RemoteKind,
                Licence = "not stated",
                MaxTokens = own.Recipe.MaxTokens,
                Order = own.Recipe.BeforeTruncation == PreTruncation.LayerNorm ? "layer_norm -> slice -> L2" : "slice -> L2",
                Sources = [source],
            };
    }
}
