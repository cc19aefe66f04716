using System.Text.Json;
using Matryoshka.Cli;
using Matryoshka.Cli.Output;
using Xunit;

namespace Matryoshka.Tests.Cli;

/// <summary>Runs a command line inside this process with streams of its own.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The one JSON document on standard output.</summary>
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Out);
            return document.RootElement.Clone();
        }
    }

    public static Task<CliRun> Of(params string[] args) => WithInput("", args);

    public static Task<CliRun> WithInput(string input, params string[] args) => Run(args, input, terminal: false, CancellationToken.None);

    public static Task<CliRun> OnTerminal(params string[] args) => Run(args, "", terminal: true, CancellationToken.None);

    public static Task<CliRun> Cancellable(CancellationToken token, params string[] args) => Run(args, "", terminal: false, token);

    /// <summary>With variables of the environment; a test without this one has neither recipes of its own nor a network.</summary>
    public static Task<CliRun> WithVariables(Dictionary<string, string> variables, params string[] args) => Run(args, "", terminal: false, CancellationToken.None, variables);

    private static async Task<CliRun> Run(string[] args, string input, bool terminal, CancellationToken token, Dictionary<string, string>? variables = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var reader = new StringReader(input);
        // Commands write from the thread pool as well.
        var host = new CliHost
        {
            In = reader,
            Out = TextWriter.Synchronized(output),
            Error = TextWriter.Synchronized(error),
            OutIsTerminal = terminal,
            Colour = terminal,
            Width = 100,
            Variable = name => variables?.GetValueOrDefault(name) ?? name switch
            {
                "MRL_RECIPES" => "",
                "HF_HUB_OFFLINE" => variables is null ? "1" : null,
                "HF_HUB_CACHE" => Path.Join(Path.GetTempPath(), "matryoshka-tests", "no-hub"),
                _ => null,
            },
        };
        var code = await Program.RunAsync(args, host, token);
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Fails unless the command ended with this code and, if it failed, in one or two lines that name no source code.</summary>
    public CliRun Expect(int code)
    {
        Assert.True(code == Code, $"exit code {Code}, not {code}\n{Out}\n{Error}");
        if (code is not 0)
        {
            var lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.InRange(lines.Length, 1, 2);
            Assert.StartsWith("mrl: ", lines[0], StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        }
        return this;
    }
}
