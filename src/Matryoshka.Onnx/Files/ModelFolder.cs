using Matryoshka.Hub;

namespace Matryoshka.Onnx.Files;

/// <summary>A model's folder in the Hugging Face layout: which file is run, with which tokenizer, by which recipe.</summary>
internal sealed class ModelFolder
{
    private static readonly string[] UsualModels = ["onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx", "model_optimized.onnx"];

    private readonly string folder;
    private readonly OnnxModelOptions options;

    private ModelFolder(string folder, OnnxModelOptions options)
    {
        this.folder = folder;
        this.options = options;
        Description = ModelDescription.Read(folder);
        Entry = FindEntry();
        ModelPath = FindModel();
        External = ExternalData.Find(folder, ModelPath);
        Tokenizer = ModelTokenizer.Load(Path.Join(folder, "tokenizer.json"));
    }

    public ModelDescription Description { get; }

    public CatalogueEntry? Entry { get; }

    public string ModelPath { get; }

    public IReadOnlyList<string> External { get; }

    public ModelTokenizer Tokenizer { get; }

    public string Name => options.Recipe?.Name ?? Entry?.Name ?? options.Name ?? HubCache.RepositoryOf(folder) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    /// <summary>The id that fills short rows; the mask hides it.</summary>
    public int PadId => Tokenizer.PadId ?? Description.PadId ?? (Tokenizer.TryFind("[PAD]", out var id) || Tokenizer.TryFind("<pad>", out id) ? id : 0);

    public static ModelFolder Open(string folder, OnnxModelOptions options)
    {
        options.Check();
        return Directory.Exists(folder) ? new ModelFolder(folder, options)
            : throw new InvalidFormatException($"There is no folder '{folder}'; give the folder of a model (an ONNX file and tokenizer.json), or pull it first.");
    }

    /// <summary>
    /// The recipe, without the identities that take a hash of every byte. What the files say of pooling wins over the
    /// catalogue, which says for the file at hand what was published of the model in general.
    /// </summary>
    public ModelRecipe Recipe(int outputSize)
    {
        var known = options.Recipe ?? Entry?.Recipe;
        if (options.Recipe is null && known is not null && Description.Pooling is { } pooling)
            known = known with { Pooling = pooling };
        var recipe = known ?? FromFiles(outputSize);
        if (recipe.Pooling is Pooling.Static or Pooling.Service)
            throw new InvalidFormatException($"The recipe of '{recipe.Name}' pools by '{recipe.Pooling}', which is not how an ONNX model is run; give a recipe with mean, cls or lastToken.");
        if (recipe.Dimensions.Full != outputSize && outputSize > 0)
            throw new InvalidFormatException($"'{ModelPath}' yields {outputSize} components, but the recipe of '{recipe.Name}' has {recipe.Dimensions.Full}; it is another model, or the recipe is wrong.");
        return recipe with { MaxTokens = Limit(recipe.MaxTokens), Tokenizer = recipe.Tokenizer ?? Tokenizer.Identity };
    }

    /// <summary>The most tokens of an input: the smallest of what is asked for, trained for, and has positions.</summary>
    public int? Limit(int? ofRecipe)
    {
        var limit = options.MaxTokens ?? ofRecipe ?? Description.MaxSequence;
        return Description.MaxPositions is { } positions && (limit is null || limit > positions) ? positions : limit;
    }

    private ModelRecipe FromFiles(int outputSize)
    {
        var full = outputSize > 0 ? outputSize : Description.PooledSize ?? Description.HiddenSize
            ?? throw new InvalidFormatException($"Neither '{ModelPath}' nor config.json says how many components a vector has; give a recipe.");
        if (Description.Pooling is null && !Description.HasDense)
            throw new InvalidFormatException($"'{Name}' is not in the catalogue, and '{folder}' has no 1_Pooling/config.json to say how token vectors are pooled; give a recipe or the model's name.");
        return new ModelRecipe
        {
            Name = Name,
            Dimensions = Description.NestedDimensions is { Length: > 0 } nested && nested[^1] == full ? NestedDimensions.Trained(nested) : NestedDimensions.None(full),
            QueryPrompt = Description.QueryPrompt ?? "",
            DocumentPrompt = Description.DocumentPrompt ?? "",
            Pooling = Description.Pooling ?? Pooling.Mean,
        };
    }

    private CatalogueEntry? FindEntry()
    {
        if (options.Recipe is not null)
            return null;
        if (options.Name is { } name)
            return ModelReference.EntryOf(name);
        return (HubCache.RepositoryOf(folder) is { } repository ? ModelReference.EntryOf(repository) : null)
            ?? (Description.NameInConfig is { Length: > 0 } inConfig && ModelCatalogue.TryFind(inConfig, out var entry) ? entry : null)
            ?? (ModelCatalogue.TryFind(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), out entry) ? entry : null);
    }

    private string FindModel()
    {
        if (options.ModelFile is { } asked)
        {
            if (Path.IsPathRooted(asked) || asked.Split('/', '\\').Contains(".."))
                throw new InvalidFormatException($"The model file '{asked}' lies outside '{folder}'; give a path relative to the folder.");
            return File.Exists(Path.Join(folder, asked)) ? Path.Join(folder, asked) : throw new InvalidFormatException($"There is no file '{asked}' in '{folder}'{Listed()}.");
        }
        var usual = (Entry?.Artefacts.Select(a => a.Path).Where(path => path.EndsWith(".onnx", StringComparison.Ordinal)) ?? []).Concat(UsualModels)
            .Select(path => Path.Join(folder, path)).FirstOrDefault(File.Exists);
        return usual ?? throw new InvalidFormatException($"'{folder}' has no ONNX file of a usual name (onnx/model.onnx, model.onnx){Listed()}.");
    }

    private string Listed()
    {
        var found = Directory.EnumerateFiles(folder, "*.onnx", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal).Take(12).ToList();
        return found.Count == 0 ? "; it holds no .onnx file" : $"; name one of {string.Join(", ", found)}";
    }
}
