using System.CommandLine;
using System.Runtime.CompilerServices;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl adapt</c>: a collection's stored vectors, projected, into a new collection. No model is called.</summary>
internal static class AdaptCommand
{
    public static readonly CommandEntry Entry = new("adapt", "Project a collection's vectors by an adapter into a new collection.",
    [
        "mrl train adapter -c old.mrl --out adapter.safetensors",
        "mrl adapt -c old.mrl --adapter adapter.safetensors --to new.mrl",
        "mrl search -c new.mrl --adapter adapter.safetensors --dims 128 \"how do I rotate a log file\"",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var adapter = ModelOptions.Adapter("What 'mrl train adapter' wrote.");
        var to = Options.Text("--to", "DIR", "The new collection's folder.");
        command.Options.Add(adapter);
        command.Options.Add(to);
        command.SetAction(async (result, cancellationToken) =>
        {
            var projection = VectorAdapter.Load(result.GetValue(adapter) ?? throw new UsageException("Say by what to project: --adapter FILE."));
            var target = result.GetValue(to) ?? throw new UsageException("Say where the projected vectors go: --to DIR.");
            using var old = session.Open();
            var info = old.GetInfo();
            using var made = Collection.Create(target, new CollectionOptions { Recipe = projection.Adapt(old.Recipe), FullPrecision = info.FullPrecision });
            session.Kept = $"what was projected until then is in '{target}'";
            UpsertResult total;
            using (var progress = new Progress(session, "adapt", "records", info.Records))
                total = await made.UpsertAsync(Project(old, projection, progress, cancellationToken), cancellationToken: cancellationToken).ConfigureAwait(false);
            if (old.Model is { } model)
                await made.SetModelAsync(model, cancellationToken).ConfigureAwait(false);
            session.Kept = null;
            await Maintenance.FinishAsync(session, made, info.Records, cancellationToken).ConfigureAwait(false);
            if (session.Json)
                session.WriteJson(new AdaptJson(target, total.Embedded + total.Updated, made.Recipe.Fingerprint, [.. projection.Dimensions.Dimensions]), CliJson.Shapes.AdaptJson);
            else
                session.Note($"{Figures.Count(total.Embedded + total.Updated, "record")} projected into '{target}'; search it with --adapter.");
            return 0;
        });
    }

    private static async IAsyncEnumerable<Record> Project(Collection old, VectorAdapter adapter, Progress progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long done = 0;
        await foreach (var record in old.ListAsync(includeVectors: true, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            var projected = new float[adapter.Dimensions.Full];
            adapter.Apply(record.Vector!.Value.Span, projected);
            progress.Report(++done);
            yield return record with { Vector = projected };
        }
    }
}

/// <summary>The answer to <c>mrl adapt</c>.</summary>
internal sealed record AdaptJson(string Collection, long Records, string Fingerprint, int[] Dimensions);
