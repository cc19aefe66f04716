using System.CommandLine;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl similar</c>: the neighbours of a stored record; needs no model.</summary>
internal static class SimilarCommand
{
    public static readonly CommandEntry Entry = new("similar", "Find the records nearest to a stored one.",
    [
        "mrl similar docs/install.md#2",
        "mrl similar sku-4711 -k 20 --filter 'in_stock = true'",
        "mrl similar sku-4711 --dims 128 --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var key = new Argument<string>("KEY") { Description = "The record's key." };
        command.Arguments.Add(key);
        var flags = new SearchFlags(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            var options = flags.Read(result);
            flags.Apply(result, session);
            (options, var reranker) = await RerankerLoader.ForPlanAsync(session, options, flags.Reranker(result, ModelRequest.None), cancellationToken).ConfigureAwait(false);
            using var loaded = reranker;
            using var collection = session.Open();
            var results = await collection.SimilarAsync(result.GetRequiredValue(key), options, cancellationToken).ConfigureAwait(false);
            HitWriter.Write(session, results, null, SearchMode.Dense, flags.View(result));
            reranker?.ReportCuts(session);
            return 0;
        });
    }
}
