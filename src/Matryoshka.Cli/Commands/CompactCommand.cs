using System.CommandLine;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl compact</c>: one segment, no dead rows, disk space back.</summary>
internal static class CompactCommand
{
    public static readonly CommandEntry Entry = new("compact", "Merge all segments, drop deleted rows and give disk space back.",
    [
        "mrl compact",
        "mrl compact -c products.mrl --json",
    ], Configure);

    private static void Configure(Command command, Session session) => command.SetAction(async (_, cancellationToken) =>
    {
        using var collection = session.Open();
        var before = Bytes(collection.GetInfo());
        session.Kept = Maintenance.Kept;
        CompactionResult done;
        using (var line = new MaintenanceLine(session))
            done = await collection.CompactAsync(line, cancellationToken).ConfigureAwait(false);
        session.Kept = null;
        var after = Bytes(collection.GetInfo());
        if (session.Json)
            session.WriteJson(new CompactJson(done.Rows, done.SegmentsBefore, done.SegmentsAfter, before, after), CliJson.Shapes.CompactJson);
        else
            session.Note($"{Figures.Count(done.Rows, "row")}: {Figures.Count(done.SegmentsBefore, "segment")} became {Figures.Grouped(done.SegmentsAfter)}, {Figures.Bytes(before)} became {Figures.Bytes(after)}.");
        await Maintenance.FinishAsync(session, collection, 0, cancellationToken).ConfigureAwait(false);
        return 0;
    });

    private static long Bytes(CollectionInfo info)
    {
        var bytes = info.CatalogBytes;
        foreach (var segment in info.Segments)
            bytes += segment.Bytes + (segment.ListsBytes ?? 0);
        return bytes;
    }
}
