using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary>One command: its name, what the list of commands says of it, examples, and what gives it options and an action.</summary>
internal sealed record CommandEntry(string Name, string Description, string[] Examples, Action<Command, Session> Configure);

/// <summary>Builds the root command and reads a command line with it.</summary>
internal static class CommandLine
{
    private const string DefaultDirectory = ".mrl";

    /// <summary>All commands, in the order of the help text.</summary>
    private static readonly CommandEntry[] Entries =
    [
        IndexCommand.Entry,
        SearchCommand.Entry,
        SimilarCommand.Entry,
        GetCommand.Entry,
        ImportCommand.Entry,
        EmbedCommand.Entry,
        RerankCommand.Entry,
        PullCommand.Entry,
        DeleteCommand.Entry,
        InfoCommand.Entry,
        VerifyCommand.Entry,
        CompactCommand.Entry,
        TuneCommand.Entry,
        PlansCommand.Entry,
        CompareCommand.Entry,
        AuditCommand.Entry,
        BenchCommand.Entry,
        TrainCommand.Entry,
        AdaptCommand.Entry,
        DetectCommand.Entry,
        ModelsCommand.Entry,
        DemoCommand.Entry,
    ];

    private static readonly string[] RootExamples =
    [
        "mrl demo",
        "mrl index ./docs",
        "mrl search \"how do I rotate a log file\"",
        "mrl import vectors.npy --keys ids.txt --model text-embedding-3-small",
        "mrl info -c products.mrl",
    ];

    public static ParseResult Parse(string[] args, Session session)
    {
        var root = new RootCommand("Nested (Matryoshka) embeddings: store full vectors once, search at any prefix size.");
        var collection = new Option<string>("--collection", "-c") { Description = $"The collection's folder. Default: {DefaultDirectory}", HelpName = "DIR", Recursive = true };
        var json = new Option<bool>("--json") { Description = "Write the result as one JSON document.", Recursive = true };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write nothing but results and errors.", Recursive = true };
        root.Options.Add(collection);
        root.Options.Add(json);
        root.Options.Add(quiet);
        foreach (var entry in Entries)
        {
            var command = new Command(entry.Name, entry.Description);
            // Building the options of every command takes longer than parsing: only those named on the line get theirs.
            if (Array.IndexOf(args, entry.Name) >= 0)
                entry.Configure(command, session);
            root.Subcommands.Add(command);
        }
        foreach (var option in root.Options)
            if (option is HelpOption { Action: HelpAction help })
                option.Action = new HelpWithExamples(help, session.Host.Width, ExamplesOf);
        root.SetAction(result => new HelpWithExamples(new HelpAction(), session.Host.Width, ExamplesOf).Invoke(result));

        // No response files: a text may begin with '@'.
        var result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        session.DirectoryGiven = result.GetValue(collection) is not null;
        session.Directory = result.GetValue(collection) ?? DefaultDirectory;
        if (session.Directory.Length == 0)
            throw new UsageException("--collection takes the path of a folder, not an empty text.");
        session.Json = result.GetValue(json);
        session.Quiet = result.GetValue(quiet);
        return result;
    }

    /// <summary>A command as it is typed: <c>models check</c>.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult { Command: not RootCommand } parent ? $"{parent.Command.Name} {result.Command.Name}" : result.Command.Name;

    /// <summary>Whether a word that was taken as a value looks like a misspelt option: it begins with a dash and a letter and does not follow '--'.</summary>
    public static bool LooksLikeOption(string value, string[] args)
    {
        if (value.Length < 2 || value[0] != '-' || !(value[1] == '-' || char.IsAsciiLetter(value[1])))
            return false;
        var terminator = Array.IndexOf(args, "--");
        var at = Array.IndexOf(args, value);
        return at >= 0 && (terminator < 0 || at < terminator);
    }

    /// <summary>The command that a mistyped word may have meant, or null.</summary>
    public static string? NearestCommand(string typed)
    {
        foreach (var entry in Entries)
            if (IsOneSlipFrom(typed, entry.Name))
                return entry.Name;
        return null;
    }

    // One letter missing, added or changed, or two neighbours swapped: the same beginning and end around at most two letters.
    private static bool IsOneSlipFrom(string typed, string name)
    {
        if (Math.Abs(typed.Length - name.Length) > 1 || typed.Length < 3)
            return false;
        var shorter = Math.Min(typed.Length, name.Length);
        var start = typed.AsSpan().CommonPrefixLength(name);
        var end = 0;
        while (end < shorter - start && typed[^(end + 1)] == name[^(end + 1)])
            end++;
        var (left, right) = (typed[start..^end], name[start..^end]);
        return left.Length <= 1 && right.Length <= 1 || left is [var a, var b] && right is [var c, var d] && a == d && b == c;
    }

    private static string[] ExamplesOf(Command command)
    {
        if (command.Name == ModelsCheck.Name)
            return ModelsCheck.Examples;
        // A command's own commands share its examples.
        for (var named = command; named is not null; named = named.Parents.OfType<Command>().FirstOrDefault())
            foreach (var entry in Entries)
                if (entry.Name == named.Name)
                    return entry.Examples;
        return RootExamples;
    }
}
