using System.CommandLine;
using Matryoshka.Cli.Models;

namespace Matryoshka.Cli.Commands;

/// <summary>The options that say which model a command runs, and how.</summary>
internal sealed class ModelOptions
{
    private readonly bool named, cuts, embeds;
    private readonly Option<string?>? adapter;
    private readonly Option<string?> model;
    private readonly Option<string?> recipe = Options.Text("--recipe", "NAME", "The model's recipe by its name in 'mrl models', where a server has another name for it.");
    private readonly Option<string?> recipeFile = Options.Text("--recipes", "FILE", $"Recipes of your own. Default: ${RecipeBook.Variable}, or mrl/recipes.json in your configuration");
    private readonly Option<string?> endpoint = Options.Text("--endpoint", "URL", "The address of the server, for provider:model.");
    private readonly Option<string?> keyVariable = Options.Text("--key-variable", "NAME", "The environment variable that holds its key. Default: the provider's own");
    private readonly Option<bool> serverPrompts = Options.Flag("--server-prompts", "The server puts the recipe's prompts before texts itself.");
    private readonly Option<int?> requests = Options.Number("--requests", "Requests to a server in flight at once. Default: 4");
    private readonly Option<int?> batch = Options.Number("--batch", "Texts a request or a batch. Default: what the provider takes, 32 for ONNX");
    private readonly Option<string?> modelFile = Options.Text("--model-file", "PATH", "The weights in the folder or repository, e.g. onnx/model_quantized.onnx.");
    private readonly Option<string?> provider = Options.Text("--execution-provider", "NAME", "What runs an ONNX model: cpu, cuda, tensorrt, directml or coreml; cuda:1 for the second device. Default: cpu");
    private readonly Option<string?> longTexts = Options.Text("--long-texts", "cut|refuse", "What happens to texts longer than an ONNX model takes. Default: cut, and say how many");
    private readonly Option<bool> offline = Options.Flag("--offline", "Take models from the hub's cache and never from the network.");
    private readonly Option<string?> cache = Options.Text("--cache", "FILE", "Keep vectors in this file and look there first.");
    private readonly Option<bool> force = Options.Flag("--force", "Cut vectors of a model that was not trained for it all the same.");

    /// <param name="command">The command.</param>
    /// <param name="description">What --model is for; null where the model is an argument.</param>
    /// <param name="cuts">Whether the command may be told to cut what should not be cut.</param>
    /// <param name="embeds">Whether the model embeds; otherwise it is a reranker.</param>
    /// <param name="adapter">What an adapter is for; null where the command takes none.</param>
    public ModelOptions(Command command, string? description, bool cuts = false, bool embeds = true, string? adapter = null)
    {
        model = Options.Text("--model", "MODEL", description ?? "");
        if (description is not null)
            command.Options.Add(model);
        foreach (var option in (Option[])[recipeFile, endpoint, keyVariable, modelFile, provider, longTexts, offline, requests, batch])
            command.Options.Add(option);
        if (embeds)
            foreach (var option in (Option[])[recipe, serverPrompts, cache])
                command.Options.Add(option);
        if (adapter is not null)
            command.Options.Add(this.adapter = Adapter(adapter));
        if (cuts)
            command.Options.Add(force);
        (this.named, this.cuts, this.embeds) = (description is not null, cuts, embeds);
    }

    /// <summary>The option that names what 'mrl train adapter' wrote.</summary>
    public static Option<string?> Adapter(string description) => Options.Text("--adapter", "FILE", description);

    /// <param name="result">The command line.</param>
    /// <param name="argument">The model where it is an argument.</param>
    /// <exception cref="UsageException">An option's text cannot be read.</exception>
    public ModelRequest Read(ParseResult result, string? argument = null)
    {
        var request = new ModelRequest
        {
            Model = named ? result.GetValue(model) : argument,
            RecipeFile = result.GetValue(recipeFile),
            Endpoint = result.GetValue(endpoint) is { } address ? ParseEndpoint("--endpoint", address) : null,
            KeyVariable = result.GetValue(keyVariable),
            ModelFile = result.GetValue(modelFile),
            ExecutionProvider = result.GetValue(provider),
            RefuseLongTexts = ParseLongTexts(result.GetValue(longTexts)),
            Offline = result.GetValue(offline),
            Requests = result.GetValue(requests),
            Batch = result.GetValue(batch),
            Recipe = embeds ? result.GetValue(recipe) : null,
            ServerPrompts = embeds && result.GetValue(serverPrompts),
            Cache = embeds ? result.GetValue(cache) : null,
            Adapter = adapter is null ? null : result.GetValue(adapter),
            Force = cuts && result.GetValue(force),
        };
        return request.Recipe is null || request.Model is not null ? request : throw new UsageException("--recipe goes with --model: it says which recipe that model follows.");
    }

    /// <exception cref="UsageException">The text is no address.</exception>
    public static Uri ParseEndpoint(string option, string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        ? address : throw new UsageException($"'{text}' is not an address that {option} takes: http://localhost:8080 or https://... .");

    private static bool ParseLongTexts(string? text) => text switch
    {
        null or "cut" => false,
        "refuse" => true,
        _ => throw new UsageException($"--long-texts takes cut or refuse, not '{text}'."),
    };
}
