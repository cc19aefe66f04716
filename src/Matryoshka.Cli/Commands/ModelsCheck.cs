using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl models check</c>: runs a model on a few texts and holds what comes back against its recipe.</summary>
internal static class ModelsCheck
{
    public const string Name = "check";

    public static readonly string[] Examples =
    [
        "mrl models check nomic-embed-text-v1.5",
        "mrl models check tei: --endpoint http://gpu:3000",
        "mrl models check compatible:acme-embed --endpoint http://localhost:9000 --recipes ./recipes.json",
    ];

    public static Command Create(Session session)
    {
        var command = new Command(Name, "Encode a few texts and hold the vectors against the recipe; exit code 1 when they disagree.");
        var model = new Argument<string>("MODEL") { Description = "A name of 'mrl models', a folder, owner/name, or provider:model." };
        command.Arguments.Add(model);
        var options = new ModelOptions(command, null);
        command.SetAction(async (result, cancellationToken) =>
        {
            var request = options.Read(result, result.GetRequiredValue(model));
            using var loaded = await ModelLoader.LoadAsync(session, request, cancellationToken).ConfigureAwait(false);
            var trial = await ModelTrial.RunAsync(loaded, cancellationToken).ConfigureAwait(false);
            var found = Describe(loaded, trial);
            if (session.Json)
                session.WriteJson(found, CliJson.Shapes.CheckJson);
            else
                Write(session, found, loaded.Recipe);
            return found.Sound ? 0 : Program.Failed;
        });
        return command;
    }

    private static CheckJson Describe(LoadedModel model, ModelTrial trial)
    {
        var recipe = model.Recipe;
        var byServer = model.Source.ServerPrompts || model.Source.Where.StartsWith("jina:", StringComparison.Ordinal);
        return new(recipe.Name, model.Source.ToString(), recipe.Fingerprint, recipe.Dimensions.Full, recipe.Dimensions.Dimensions, Figures.Name(recipe.Dimensions.Kind),
            recipe.QueryPrompt, recipe.DocumentPrompt, byServer ? "server" : "mrl", recipe.MaxTokens, trial.TextsPerSecond, trial.TokensPerSecond,
            trial.Findings.TrueForAll(finding => finding.Passed), trial.Findings);
    }

    private static void Write(Session session, CheckJson found, ModelRecipe recipe)
    {
        var sheet = new Sheet(new("model"), new(found.Model)) { LineName = "fact" };
        sheet.Add("runs", found.Source);
        sheet.Add("dimensions", recipe.Dimensions.ToString());
        sheet.Add("nesting", recipe.Dimensions.Kind is NestingKind.None or NestingKind.SeparateHeads ? $"{found.Nesting}: used at full size" : found.Nesting);
        sheet.Add("query prompt", Quoted(found.QueryPrompt));
        sheet.Add("document prompt", Quoted(found.DocumentPrompt));
        sheet.Add("prompts put by", found.PromptsBy);
        sheet.Add("before truncation", recipe.BeforeTruncation.ToString());
        if (found.MaxTokens is { } limit)
            sheet.Add("max tokens", Cell.Number(limit));
        sheet.Add("texts a second", Rate(found.TextsPerSecond));
        if (found.TokensPerSecond is { } tokens)
            sheet.Add("tokens a second", Rate(tokens));
        sheet.Add("fingerprint", new(found.Fingerprint, CellStyle.Faint));
        sheet.Write(session);
        var findings = new Sheet(new("check"), new("result"), new("found")) { Title = "Against the recipe", LineName = "check" };
        foreach (var finding in found.Findings)
            findings.Add(finding.Check, new(finding.Passed ? "passed" : "failed", finding.Passed ? CellStyle.Good : CellStyle.Bad), finding.Found);
        findings.Write(session);
    }

    private static Cell Rate(double rate) => new(Figures.Grouped((long)rate), CellStyle.Plain, rate.ToString("0.#", CultureInfo.InvariantCulture));

    private static string Quoted(string prompt) => prompt.Length == 0 ? "none" : $"\"{prompt.Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
