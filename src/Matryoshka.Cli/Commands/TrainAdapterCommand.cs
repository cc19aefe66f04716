using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Output;
using Matryoshka.Training;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl train adapter</c>: a projection under which the prefixes of stored vectors work.</summary>
internal static class TrainAdapterCommand
{
    private const int SmallestDefault = 64;

    public static Command Create(Session session)
    {
        var command = new Command("adapter", "Vectors of any model into a projection whose prefixes work.");
        var vectors = Options.Text("--vectors", "FILE", "The vectors: .npy, .f32 or .jsonl. Default: those of the collection (-c)");
        var output = Options.Text("--out", "FILE", "The adapter's file, *.safetensors.");
        var dimensions = Options.Text("--dims", "LIST", "Nested dimensions of the result. Default: 64, doubled up to the full size");
        var pairs = Options.Text("--pairs", "FILE", "JSON lines {\"a\": key, \"b\": key} of rows that belong together. Keys are row numbers from 0 where rows have none.");
        var steps = Options.Number("--steps", "Steps. Default: 150");
        var rate = Options.Decimal("--rate", "Largest learning rate. Default: 0.0001");
        var pca = Options.Flag("--pca", "Keep the principal components, learn nothing.");
        var seed = Options.Number("--seed", "Equal seeds give equal adapters. Default: 1");
        var threads = Options.Number("--threads", "Threads. Default: one a processor");
        foreach (var option in (Option[])[vectors, output, dimensions, pairs, steps, rate, pca, seed, threads])
            command.Options.Add(option);
        command.SetAction(async (result, cancellationToken) =>
        {
            var target = result.GetValue(output) ?? throw new UsageException("Say where the adapter goes: --out FILE.");
            var listed = NumberList.Whole(result.GetValue(dimensions), "--dims");
            var rows = result.GetValue(vectors) is { } file ? AdapterRows.Of(file) : await AdapterRows.OfAsync(session, cancellationToken).ConfigureAwait(false);
            var defaults = new AdapterTrainingOptions { Dimensions = listed ?? Doubling(rows.Dimensions) };
            var options = defaults with
            {
                Pairs = result.GetValue(pairs) is { } list ? rows.Pairs(list) : [],
                Steps = result.GetValue(pca) ? 0 : result.GetValue(steps) ?? defaults.Steps,
                Rate = result.GetValue(rate) ?? defaults.Rate,
                Seed = result.GetValue(seed) ?? defaults.Seed,
                Threads = result.GetValue(threads),
            };
            session.Kept = $"'{target}' was not written";
            AdapterTrainingResult trained;
            using (var line = new TrainingLine(session))
                trained = AdapterTrainer.Train(rows.Vectors, rows.Dimensions, options, line, cancellationToken);
            var adapter = rows.Recipe is { } recipe ? trained.Adapter.FittedTo(recipe) : trained.Adapter;
            using (var whole = new AtomicFile(target))
            {
                adapter.Save(whole.Stream);
                whole.Commit();
            }
            session.Kept = null;
            Write(session, target, adapter, trained);
            return 0;
        });
        return command;
    }

    private static int[] Doubling(int full)
    {
        var dimensions = new List<int>();
        for (var d = SmallestDefault; d < full; d *= 2)
            dimensions.Add(d);
        dimensions.Add(full);
        return [.. dimensions];
    }

    private static void Write(Session session, string target, VectorAdapter adapter, AdapterTrainingResult trained)
    {
        if (session.Json)
        {
            session.WriteJson(new AdapterJson(target, adapter.Identity, adapter.InputDimensions, [.. adapter.Dimensions.Dimensions], trained.Steps, trained.Seconds, trained.Quality), CliJson.Shapes.AdapterJson);
            return;
        }
        var sheet = new Sheet(new("dimensions", Right: true), new("plain prefix", Right: true), new("PCA", Right: true), new("adapter", Right: true))
        {
            Title = "Share of the whole vectors' nearest ten that is found, for rows held out",
            LineName = "overlap",
        };
        foreach (var row in trained.Quality)
            sheet.Add(Figures.Plain(row.Dimensions), Fixed(row.Plain), Fixed(row.Pca), new(Fixed(row.Adapted), row.Adapted >= row.Plain ? CellStyle.Good : CellStyle.Bad));
        sheet.Write(session);
        session.Note($"'{target}' takes {adapter.InputDimensions} components to {adapter.Dimensions}. Apply it: mrl adapt -c DIR --adapter {target} --to NEW.");
    }

    private static string Fixed(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}

/// <summary>The answer to <c>mrl train adapter</c>.</summary>
internal sealed record AdapterJson(string Output, string Adapter, int InputDimensions, int[] Dimensions, int Steps, double Seconds, IReadOnlyList<AdapterQuality> Overlap);
