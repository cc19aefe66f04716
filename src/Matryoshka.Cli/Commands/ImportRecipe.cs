using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary>
/// What the options of <c>mrl import</c> say of the model behind the vectors. Without one of them it is not known which
/// prefixes may be used, and a wrong guess would show only as bad results.
/// </summary>
internal sealed class ImportRecipe
{
    private readonly Option<string?> recipeFile = Options.Text("--recipes", "FILE", $"Recipes of your own. Default: ${RecipeBook.Variable}, or mrl/recipes.json in your configuration");
    private readonly Session session;
    private readonly Option<string?> model = Options.Text("--model", "NAME", "The model of the catalogue that made the vectors; see 'mrl models'.");
    private readonly Option<string?> dimensions = Options.Text("--dims", "LIST", "The prefixes the model was trained at, e.g. 64,128,256,768; the last is the full size.");
    private readonly Option<bool> anyPrefix = Options.Flag("--any-prefix", "Any prefix may be used.");
    private readonly Option<bool> noNesting = Options.Flag("--no-nesting", "Only full vectors may be used.");
    private readonly Option<string?> name = Options.Text("--name", "NAME", "What to call the model. Default: the file's name");

    private int[]? listed;

    public ImportRecipe(Command command, Session session)
    {
        this.session = session;
        command.Options.Add(recipeFile);
        command.Options.Add(model);
        command.Options.Add(dimensions);
        command.Options.Add(anyPrefix);
        command.Options.Add(noNesting);
        command.Options.Add(name);
    }

    /// <summary>Components a row as far as the options say it.</summary>
    public int? RowLength(ParseResult result) => List(result) is { } list ? list[^1] : Catalogued(result)?.Recipe.Dimensions.Full;

    /// <summary>The recipe, or null when no option says anything, which is enough for a collection that has one.</summary>
    public ModelRecipe? Resolve(ParseResult result, string file, int rowLength)
    {
        var list = List(result);
        var entry = Catalogued(result);
        var any = result.GetValue(anyPrefix);
        var none = result.GetValue(noNesting);
        if (any && none || entry is not null && (list is not null || any || none || result.GetValue(name) is not null) || list is { Length: > 1 } && (any || none))
            throw new UsageException("Say once what the vectors are: --model alone, or one of --dims LIST, --any-prefix and --no-nesting.");
        if (entry is null && list is null && !any && !none)
            return result.GetValue(name) is null ? null : throw new UsageException("--name goes with --dims, --any-prefix or --no-nesting.");
        var recipe = entry?.Recipe ?? new ModelRecipe
        {
            Name = result.GetValue(name) ?? Stem(file),
            Dimensions = any ? NestedDimensions.AnyPrefix(1, rowLength) : none ? NestedDimensions.None(rowLength) : NestedDimensions.Trained(list!),
        };
        if (recipe.Dimensions.Full != rowLength)
            throw new UsageException($"'{file}' has vectors of {rowLength} components, but {(entry is null ? "--dims ends in" : $"'{entry.Name}' has")} {recipe.Dimensions.Full}."
                + (entry is not null && recipe.Dimensions.Allows(rowLength) ? $" They may be prefixes: import them on their own terms, e.g. --any-prefix --name {entry.Name}-{rowLength}." : ""));
        return recipe;
    }

    /// <summary>What to say when a new collection needs a recipe and none was given.</summary>
    public static UsageException Missing(string file, int rowLength)
    {
        var known = ModelCatalogue.TryFind(Stem(file), out var entry) && entry.Recipe.Dimensions.Full == rowLength ? $" By its name it may be --model {entry.Name}." : "";
        return new($"Say how vectors of '{file}' may be cut: --model NAME (of 'mrl models'), --dims 64,128,...,{rowLength} (trained sizes), --any-prefix or --no-nesting.{known}");
    }

    private CatalogueEntry? Catalogued(ParseResult result)
    {
        if (result.GetValue(model) is not { } wanted)
            return null;
        try
        {
            return RecipeBook.Open(session, result.GetValue(recipeFile)).Find(wanted);
        }
        catch (UnknownModelException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private int[]? List(ParseResult result)
    {
        if (listed is not null || result.GetValue(dimensions) is not { } text)
            return listed;
        var parts = text.Split(',');
        var list = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out list[i]))
                throw new UsageException($"'{text}' is not a list of dimensions: write e.g. 64,128,256,768.");
        SearchFlags.Parsed(text, _ => NestedDimensions.Trained(list));
        return listed = list;
    }

    /// <summary>A file's name without folder, extension and shape: <c>a/x.3963x1536.f32</c> is <c>x</c>.</summary>
    private static string Stem(string file)
    {
        var stem = Path.GetFileNameWithoutExtension(file);
        var dot = stem.LastIndexOf('.');
        return dot > 0 && stem[(dot + 1)..].Split('x') is [var rows, var columns] && Digits(rows) && Digits(columns) ? stem[..dot] : stem;
    }

    private static bool Digits(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
}
