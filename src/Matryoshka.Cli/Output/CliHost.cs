using System.Text;

namespace Matryoshka.Cli.Output;

/// <summary>What a command talks to: the process's own streams, or those of a test.</summary>
internal sealed class CliHost
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public required TextReader In { get; init; }

    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public bool InIsTerminal { get; init; }

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Whether escapes for colours may be written to <see cref="Out"/>.</summary>
    public bool Colour { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 80;

    /// <summary>The environment: a variable's value, or null.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Whether unexpected errors show where they came from.</summary>
    public bool Debug { get; init; }

    public static CliHost ForProcess()
    {
        var outIsTerminal = !Console.IsOutputRedirected;
        // Console.Out flushes every write and takes a lock for it; a result of a thousand lines would be a thousand system calls.
        return new()
        {
            In = new StreamReader(Console.OpenStandardInput(), Utf8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16),
            Out = new StreamWriter(Console.OpenStandardOutput(), Utf8, bufferSize: 1 << 14) { NewLine = "\n" },
            Error = new StreamWriter(Console.OpenStandardError(), Utf8, bufferSize: 256) { NewLine = "\n", AutoFlush = true },
            InIsTerminal = !Console.IsInputRedirected,
            OutIsTerminal = outIsTerminal,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Colour = outIsTerminal && IsUnset("NO_COLOR") && Environment.GetEnvironmentVariable("TERM") != "dumb",
            Width = outIsTerminal ? TerminalWidth() : 80,
            Debug = !IsUnset("MRL_DEBUG"),
        };
    }

    private static bool IsUnset(string variable) => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    private static int TerminalWidth()
    {
        try
        {
            return Math.Max(40, Console.WindowWidth);
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
