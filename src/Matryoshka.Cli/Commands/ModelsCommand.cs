using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl models</c>: the catalogue, or all that is known of one model and from where.</summary>
internal static class ModelsCommand
{
    private const int BarColumns = 16;

    public static readonly CommandEntry Entry = new("models", "List the models of the catalogue, or show one with sources.",
    [
        "mrl models",
        "mrl models nomic-embed-text",
        "mrl models text-embedding-3-small --json",
        "mrl models check ollama:nomic-embed-text",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var name = new Argument<string?>("NAME") { Description = "A model's name or alias.", Arity = ArgumentArity.ZeroOrOne };
        var recipes = Options.Text("--recipes", "FILE", $"Recipes of your own. Default: ${RecipeBook.Variable}, or mrl/recipes.json in your configuration");
        command.Arguments.Add(name);
        command.Options.Add(recipes);
        command.Subcommands.Add(ModelsCheck.Create(session));
        command.SetAction(result =>
        {
            var book = RecipeBook.Open(session, result.GetValue(recipes));
            if (result.GetValue(name) is { } wanted)
                Show(session, book.Find(wanted));
            else
                List(session, [.. book.All]);
            return 0;
        });
    }

    private static void List(Session session, IReadOnlyList<CatalogueEntry> entries)
    {
        if (session.Json)
        {
            var models = new List<ModelSummaryJson>();
            foreach (var entry in entries)
                models.Add(ModelSummaryJson.From(entry));
            session.WriteJson(new ModelsJson(models), CliJson.Shapes.ModelsJson);
            return;
        }
        var sheet = new Sheet(new("model"), new("full", Right: true), new("nested"), new("kind"), new("prompts"), new("licence"));
        foreach (var entry in entries)
        {
            var dimensions = entry.Recipe.Dimensions;
            sheet.Add(
                new(entry.Name, entry.Name == ModelCatalogue.DefaultModel ? CellStyle.Accent : CellStyle.Plain),
                new(Figures.Plain(dimensions.Full)),
                dimensions.Kind is NestingKind.None or NestingKind.SeparateHeads ? "" : dimensions.ToString(),
                Figures.Name(dimensions.Kind),
                HasPrompts(entry.Recipe) ? "yes" : "no",
                entry.Licence);
        }
        sheet.Write(session);
    }

    private static void Show(Session session, CatalogueEntry entry)
    {
        if (session.Json)
        {
            session.WriteJson(ModelJson.From(entry), CliJson.Shapes.ModelJson);
            return;
        }
        Facts(entry).Write(session);
        var footnotes = new List<string>();
        if (entry.Quality.Count > 0)
            Quality(entry, footnotes).Write(session);
        Sources(session, entry, footnotes).Write(session);
    }

    private static Sheet Facts(CatalogueEntry entry)
    {
        var recipe = entry.Recipe;
        var sheet = new Sheet(new("model"), new(entry.Name)) { LineName = "fact" };
        if (entry.Aliases.Count > 0)
            sheet.Add("also", string.Join(", ", entry.Aliases));
        sheet.Add("dimensions", recipe.Dimensions.ToString());
        sheet.Add("nesting", Figures.Name(recipe.Dimensions.Kind));
        if (entry.TrainedDimensions.Count > 0)
            sheet.Add("trained at", string.Join(", ", entry.TrainedDimensions));
        Add(sheet, "nesting notes", entry.NestingNotes);
        sheet.Add("query prompt", Quoted(recipe.QueryPrompt));
        sheet.Add("document prompt", Quoted(recipe.DocumentPrompt));
        foreach (var (task, prompt) in entry.Prompts)
            sheet.Add(task == "note" ? "prompt note" : $"{task} prompt", task == "note" ? prompt : Quoted(prompt));
        sheet.Add("pooling", recipe.Pooling.ToString());
        sheet.Add("before truncation", recipe.BeforeTruncation.ToString());
        sheet.Add("order", entry.Order);
        Add(sheet, "max tokens", Number(entry.MaxTokens));
        Add(sheet, "tokenizer", entry.Tokenizer);
        Add(sheet, "parameters", Number(entry.Parameters));
        sheet.Add("licence", entry.Licence);
        sheet.Add("reached by", entry.Service ? "its publisher's service" : "open weights");
        Add(sheet, "unit vectors", entry.NormalisedByService switch { true => "at every size", false => "not at every size: renormalise", null => null });
        Add(sheet, "service default", Number(entry.ServiceDefaultDimensions));
        if (entry.Quantisation is { } advice)
            AddQuantisation(sheet, advice);
        foreach (var file in entry.Artefacts)
            sheet.Add("file", $"{file.Repository}: {file.Path}{(file.Note is null ? "" : $" ({file.Note})")} [{Status(file.Status)}]");
        sheet.Add("fingerprint", new(recipe.Fingerprint, CellStyle.Faint));
        return sheet;
    }

    private static void AddQuantisation(Sheet sheet, QuantisationAdvice advice)
    {
        Add(sheet, "int8 range", advice.Int8Range is { } int8 ? "±" + int8.ToString(CultureInfo.InvariantCulture) : null);
        Add(sheet, "int4 range", advice.Int4Range is { } int4 ? "±" + int4.ToString(CultureInfo.InvariantCulture) : null);
        Add(sheet, "runs in f16", advice.Fp16 switch { true => "yes", false => "no", null => null });
        Add(sheet, "quantisation", advice.Note);
    }

    // Where a figure was read is often a long sentence shared by many: on a terminal a number stands for it.
    private static Sheet Quality(CatalogueEntry entry, List<string> footnotes)
    {
        var sheet = new Sheet(new("benchmark"), new("dims", Right: true), new("value", Right: true), new("of best", Right: true, TerminalOnly: true),
            new("", TerminalOnly: true), new("metric"), new("stored as"), new("status"), new("from"))
        {
            Title = "Published quality by dimension",
            LineName = "quality",
        };
        foreach (var figure in entry.Quality)
        {
            if (!footnotes.Contains(figure.Source))
                footnotes.Add(figure.Source);
            var share = figure.Value / BestOf(entry, figure);
            sheet.Add(
                figure.Benchmark,
                new(Figures.Plain(figure.Dimension)),
                new(figure.Value.ToString(CultureInfo.InvariantCulture), CellStyle.Strong),
                share.ToString("0.0 %", CultureInfo.InvariantCulture),
                new(Bar.Of(share, 1, BarColumns), CellStyle.Accent),
                figure.Metric,
                figure.Precision ?? "",
                Status(figure.Status),
                new(Footnote(footnotes.IndexOf(figure.Source)), CellStyle.Faint, figure.Source));
        }
        return sheet;
    }

    // Against the best figure of the same benchmark only: figures of different ones do not compare.
    private static double BestOf(CatalogueEntry entry, PublishedQuality figure)
    {
        var best = figure.Value;
        foreach (var other in entry.Quality)
            if (other.Benchmark == figure.Benchmark && other.Metric == figure.Metric)
                best = Math.Max(best, other.Value);
        return best;
    }

    private static Sheet Sources(Session session, CatalogueEntry entry, List<string> footnotes)
    {
        var sheet = new Sheet(new("fact"), new("status"), new("source")) { Title = "Sources", LineName = "source" };
        foreach (var source in entry.Sources)
            sheet.Add(source.Fact, new(Status(source.Status), source.Status == FactStatus.Verified ? CellStyle.Good : CellStyle.Plain), new(source.Source, CellStyle.Faint));
        if (session.Pretty)
            for (var i = 0; i < footnotes.Count; i++)
                sheet.Add("figures " + Footnote(i), "", new(footnotes[i], CellStyle.Faint));
        return sheet;
    }

    private static string Footnote(int index) => $"[{Figures.Plain(index + 1)}]";

    private static void Add(Sheet sheet, string fact, string? value)
    {
        if (value is not null)
            sheet.Add(fact, value);
    }

    private static string? Number(long? number) => number is { } n ? Figures.Grouped(n) : null;

    private static string Quoted(string prompt) => prompt.Length == 0 ? "none" : $"\"{prompt.Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    private static string Status(FactStatus status) => status.ToString().ToLowerInvariant();

    private static bool HasPrompts(ModelRecipe recipe) => recipe.QueryPrompt.Length > 0 || recipe.DocumentPrompt.Length > 0;
}
