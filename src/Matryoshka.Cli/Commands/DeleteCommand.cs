using System.CommandLine;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl delete</c>: removes records by key, by condition or by source.</summary>
internal static class DeleteCommand
{
    public static readonly CommandEntry Entry = new("delete", "Remove records.",
    [
        "mrl delete sku-4711 sku-4712",
        "mrl delete --source docs/old.md",
        "mrl delete --filter 'year < 2015' --yes",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var keys = new Argument<string[]>("KEY") { Description = "Keys of records.", Arity = ArgumentArity.ZeroOrMore };
        var filter = Options.Text("--filter", "FILTER", "Remove all records that match.");
        var source = Options.Text("--source", "NAME", "Remove all records of a source, and forget the source.");
        var yes = Options.Flag("--yes", "Do not ask before removing by filter or source.", "-y");
        command.Arguments.Add(keys);
        command.Options.Add(filter);
        command.Options.Add(source);
        command.Options.Add(yes);
        command.SetAction(async (result, cancellationToken) =>
        {
            var named = result.GetValue(keys) ?? [];
            var condition = result.GetValue(filter) is { } text ? SearchFlags.Parsed(text, Filter.Parse) : null;
            var origin = result.GetValue(source);
            if ((named.Length > 0 ? 1 : 0) + (condition is null ? 0 : 1) + (origin is null ? 0 : 1) != 1)
                throw new UsageException("Say what to remove in one way: keys, --filter or --source.");
            using var collection = session.Open();
            var agreed = result.GetValue(yes);
            var deleted = condition is not null ? await DeleteMatchingAsync(session, collection, condition, agreed, cancellationToken).ConfigureAwait(false)
                : origin is not null ? await DeleteSourceAsync(session, collection, origin, agreed, cancellationToken).ConfigureAwait(false)
                : await collection.DeleteAsync(named, cancellationToken).ConfigureAwait(false);
            if (session.Json)
                session.WriteJson(new DeleteJson(deleted), CliJson.Shapes.DeleteJson);
            else
                session.Note(Removed(deleted, named.Length));
            return 0;
        });
    }

    private static string Removed(long deleted, int named) => deleted < named
        ? $"Removed {Figures.Count(deleted, "record")}; {Figures.Count(named - deleted, "key")} not there."
        : $"Removed {Figures.Count(deleted, "record")}.";

    private static async Task<int> DeleteMatchingAsync(Session session, Collection collection, Filter filter, bool agreed, CancellationToken cancellationToken)
    {
        Confirm(session, await collection.CountAsync(filter, cancellationToken).ConfigureAwait(false), $"that match {filter}", agreed);
        var keys = new List<string>();
        await foreach (var record in collection.ListAsync(filter, cancellationToken: cancellationToken).ConfigureAwait(false))
            keys.Add(record.Key);
        return await collection.DeleteAsync(keys, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> DeleteSourceAsync(Session session, Collection collection, string source, bool agreed, CancellationToken cancellationToken)
    {
        if (source.Length == 0)
            throw new UsageException("--source takes a name.");
        var keys = await collection.GetKeysAsync(source, cancellationToken).ConfigureAwait(false);
        Confirm(session, keys.Count, $"of '{source}'", agreed);
        return await collection.RemoveSourcesAsync([source], cancellationToken).ConfigureAwait(false);
    }

    private static void Confirm(Session session, long count, string which, bool agreed)
    {
        if (agreed || count == 0)
            return;
        if (!session.Host.InIsTerminal || !session.Host.ErrorIsTerminal)
            throw new UsageException($"{Figures.Count(count, "record")} {which} would be removed: confirm with --yes.");
        session.Host.Error.Write($"Remove {Figures.Count(count, "record")} {which}? [y/N] ");
        if (session.Host.In.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
            throw new MatryoshkaException("Nothing was removed.");
    }
}
