using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Matryoshka.Cli.Commands;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli;

/// <summary>The <c>mrl</c> tool: parses, runs one command, turns what went wrong into a line and an exit code.</summary>
internal static class Program
{
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int Interrupted = 130;

    public static async Task<int> Main(string[] args)
    {
        var host = CliHost.ForProcess();
        using var source = new CancellationTokenSource();
        // The first signal asks the command to stop; a second one finds the default and ends the process at once.
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !source.IsCancellationRequested;
            source.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunAsync(args, host, source.Token).ConfigureAwait(false);
    }

    /// <summary>Runs a command line with the streams given; touches no global state.</summary>
    public static async Task<int> RunAsync(string[] args, CliHost host, CancellationToken cancellationToken = default)
    {
        var session = new Session(host);
        int code;
        try
        {
            var result = CommandLine.Parse(args, session);
            code = UsageError(result, args) is { } error
                ? Report(session, error, WrongUsage, HelpHint(result))
                : await result.InvokeAsync(new InvocationConfiguration
                {
                    Output = host.Out,
                    Error = host.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                }, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            code = Report(session, "interrupted; " + (session.Kept ?? "nothing was changed") + ".", Interrupted);
        }
        catch (Exception error)
        {
            code = Report(session, error);
        }
        await host.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        return code;
    }

    private static string? UsageError(ParseResult result, string[] args)
    {
        if (result.Action?.ClearsParseErrors == true)
            return null;
        // A misspelt option would otherwise be taken for one more word of a text or one more key.
        foreach (var child in result.CommandResult.Children)
            if (child is ArgumentResult argument)
                foreach (var token in argument.Tokens)
                    if (CommandLine.LooksLikeOption(token.Value, args))
                        return $"'{token.Value}' is not an option of 'mrl {CommandLine.PathOf(result.CommandResult)}'; texts that begin with a dash go after '--'.";
        if (result.CommandResult.Command is RootCommand && result.UnmatchedTokens is [var word, ..] && !word.StartsWith('-'))
            return $"'{word}' is not a command." + (CommandLine.NearestCommand(word) is { } near ? $" Did you mean '{near}'?" : "");
        return result.Errors.Count > 0 ? result.Errors[0].Message : null;
    }

    private static string HelpHint(ParseResult result) =>
        result.CommandResult.Command is RootCommand ? "Run 'mrl --help'." : $"Run 'mrl {CommandLine.PathOf(result.CommandResult)} --help'.";

    private static int Report(Session session, Exception error)
    {
        var writer = session.Host.Error;
        var code = error is UsageException or DimensionNotAllowedException ? WrongUsage : Failed;
        if (error is MatryoshkaException or IOException or UnauthorizedAccessException)
            Report(session, error.Message, code);
        else
            Report(session, $"unexpected {error.GetType().Name}: {error.Message} (set MRL_DEBUG=1 for the stack trace)", code);
        if (session.Kept is { } kept)
            writer.WriteLine($"mrl: {kept}.");
        if (session.Host.Debug)
            writer.WriteLine(error.ToString());
        return code;
    }

    private static int Report(Session session, string message, int code, string? hint = null)
    {
        session.Host.Error.WriteLine("mrl: " + TextClean.OneLine(message));
        if (hint is not null)
            session.Host.Error.WriteLine(hint);
        return code;
    }
}
