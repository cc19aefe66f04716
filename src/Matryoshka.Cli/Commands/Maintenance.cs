using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary>What the commands that write do last: the merging and building of lists that is due.</summary>
internal static class Maintenance
{
    /// <summary>What an interruption leaves.</summary>
    public const string Kept = "the collection is complete and searchable; its maintenance goes on at the next write or 'mrl compact'";

    /// <summary>
    /// Waits for due maintenance. The command's own work is done and stays done, so an error here is only a warning. Where most
    /// of the records are new, all segments become one: that is where a search is fastest, and rewriting what was there costs less than
    /// writing it did.
    /// </summary>
    public static async Task FinishAsync(Session session, Collection collection, long written, CancellationToken cancellationToken)
    {
        session.Kept = Kept;
        // The result is out before this, perhaps long, wait begins.
        await session.Host.Out.FlushAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var line = new MaintenanceLine(session);
            var info = collection.GetInfo();
            if (info.Segments.Count > 1 && 2 * written >= info.Records)
                await collection.CompactAsync(line, cancellationToken).ConfigureAwait(false);
            else
                await collection.MaintainAsync(line, cancellationToken).ConfigureAwait(false);
        }
        catch (MatryoshkaException error)
        {
            session.Warn($"{error.Message} Yet {Kept}.");
        }
        session.Kept = null;
    }
}
