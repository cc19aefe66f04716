using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Matryoshka.Cli.Commands;

/// <summary>The usual help followed by examples: what a command is for is learnt faster from those.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    // Beyond this, lines of help are harder to read, not easier.
    private const int WidestHelp = 120;

    private readonly HelpAction help;
    private readonly Func<Command, string[]> examplesOf;

    public HelpWithExamples(HelpAction help, int width, Func<Command, string[]> examplesOf)
    {
        this.help = help;
        this.examplesOf = examplesOf;
        help.MaxWidth = Math.Min(width, WidestHelp);
    }

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examplesOf(parseResult.CommandResult.Command))
            output.WriteLine("  " + example);
        return code;
    }
}
