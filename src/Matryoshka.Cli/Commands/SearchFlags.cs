using System.CommandLine;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary>The options that <c>search</c> and <c>similar</c> share.</summary>
internal sealed class SearchFlags
{
    private readonly Option<int?> count = Options.Number("-k", "How many hits. Default: 10", "--top");
    private readonly Option<int?> dimensions = Options.Number("--dims", "Score at this prefix alone, exactly.");
    private readonly Option<string?> precision = Options.Text("--precision", "bit|int8|f16|f32", "Score at this precision alone. Default: that of the stored full vectors");
    private readonly Option<string?> plan = Options.Text("--plan", "PLAN", "The funnel to run: fast, balanced, accurate, exact, or stages such as 'int8:128 x200 > f16:full', the last perhaps a reranker: 'f16:full x50 > rerank:NAME x10'.");
    private readonly Option<string?> rerankEndpoint = Options.Text("--rerank-endpoint", "URL", "The address of the reranker's server, for rerank:provider:model.");
    private readonly Option<string?> rerankKeyVariable = Options.Text("--rerank-key-variable", "NAME", "The environment variable that holds its key. Default: the provider's own");
    private readonly Option<string?> filter = Options.Text("--filter", "FILTER", "Only records whose metadata match, e.g. 'year >= 2020 and lang = \"en\"'.");
    private readonly Option<bool> explain = Options.Flag("--explain", "Show what every stage did.");
    private readonly Option<bool> fullText = Options.Flag("--full-text", "Show whole texts instead of snippets.");

    private readonly MemoryOption memory;

    public SearchFlags(Command command)
    {
        command.Options.Add(count);
        command.Options.Add(dimensions);
        command.Options.Add(precision);
        command.Options.Add(plan);
        command.Options.Add(filter);
        command.Options.Add(explain);
        command.Options.Add(fullText);
        command.Options.Add(rerankEndpoint);
        command.Options.Add(rerankKeyVariable);
        memory = new(command);
    }

    /// <summary>Has the session open its collection as the flags say.</summary>
    /// <exception cref="UsageException">An option's text cannot be read.</exception>
    public void Apply(ParseResult result, Session session) => memory.Apply(result, session);

    public bool Explain(ParseResult result) => result.GetValue(explain);

    public HitView View(ParseResult result) => new(result.GetValue(explain), result.GetValue(fullText));

    /// <summary>What the options say of the reranker that the plan ends in.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="request">What they say of models in general.</param>
    /// <exception cref="UsageException">An option's text cannot be read.</exception>
    public ModelRequest Reranker(ParseResult result, ModelRequest request) => new()
    {
        Endpoint = result.GetValue(rerankEndpoint) is { } address ? ModelOptions.ParseEndpoint("--rerank-endpoint", address) : null,
        KeyVariable = result.GetValue(rerankKeyVariable),
        RecipeFile = request.RecipeFile,
        ExecutionProvider = request.ExecutionProvider,
        RefuseLongTexts = request.RefuseLongTexts,
        Offline = request.Offline,
        Requests = request.Requests,
    };

    /// <exception cref="UsageException">An option's text cannot be read.</exception>
    public SearchOptions Read(ParseResult result, SearchMode mode = SearchMode.Dense) => new()
    {
        K = result.GetValue(count) ?? 10,
        Mode = mode,
        Dimensions = result.GetValue(dimensions),
        Precision = result.GetValue(precision) is { } name ? ParsePrecision(name) : null,
        Plan = result.GetValue(plan) is { } text ? ParsePlan(text) : null,
        Filter = result.GetValue(filter) is { } condition ? Parsed(condition, Filter.Parse) : null,
    };

    /// <summary>The one way from an option's text to a plan.</summary>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public static SearchPlan ParsePlan(string text) => Parsed(text, SearchPlan.Parse);

    /// <summary>Parses an option's text; what is wrong with it is wrong usage.</summary>
    public static T Parsed<T>(string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (InvalidFormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static Precision ParsePrecision(string name) => name switch
    {
        "bit" => Precision.Bit,
        "int8" => Precision.Int8,
        "f16" => Precision.F16,
        "f32" => Precision.F32,
        _ => throw new UsageException($"'{name}' is not a precision: bit, int8, f16 and f32 are."),
    };
}
