using System.CommandLine;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl verify</c>: every checksum and reference; exit code 1 when something is wrong.</summary>
internal static class VerifyCommand
{
    public static readonly CommandEntry Entry = new("verify", "Check every checksum and reference of a collection.",
    [
        "mrl verify",
        "mrl verify -c products.mrl --json",
    ], Configure);

    private static void Configure(Command command, Session session) => command.SetAction(async (_, cancellationToken) =>
    {
        using var collection = session.Open();
        var problems = await collection.VerifyAsync(cancellationToken).ConfigureAwait(false);
        if (session.Json)
            session.WriteJson(new VerifyJson(problems.Count == 0, problems), CliJson.Shapes.VerifyJson);
        else
        {
            foreach (var problem in problems)
                session.Line(session.Pretty ? session.Ink.Red("✗ ") + TextClean.OneLine(problem) : "problem\t" + TextClean.OneLine(problem));
            session.Note(problems.Count == 0
                ? $"'{session.Directory}' is sound: {Figures.Count(await collection.CountAsync(cancellationToken: cancellationToken).ConfigureAwait(false), "record")} checked."
                : $"{Figures.Count(problems.Count, "problem")} in '{session.Directory}'.");
        }
        return problems.Count == 0 ? 0 : Program.Failed;
    });
}
