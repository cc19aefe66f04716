using System.CommandLine;
using System.Globalization;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl import</c>: vectors computed elsewhere into a collection.</summary>
internal static class ImportCommand
{
    // A batch of about this size: large enough that a commit's flush is a small part, small enough to hold twice in memory.
    private const int BatchBytes = 32 << 20;
    private const int WarningsShown = 5;

    public static readonly CommandEntry Entry = new("import", "Store vectors computed elsewhere.",
    [
        "mrl import vectors.npy --keys ids.txt --model text-embedding-3-small",
        "mrl import rows.jsonl --dims 64,128,256,768 --name my-model -c my.mrl",
        "mrl import x.3963x1536.f32 --any-prefix --keys x.jsonl",
        "mrl import old.npy --no-nesting --f32",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var file = new Argument<string>("FILE") { Description = "Vectors: .npy (2 axes, f2, f4 or f8), .f32 (raw float32), .parquet (a column of lists) or .jsonl ('vector' or 'embedding', 'id', 'text', 'metadata')." };
        var keys = Options.Text("--keys", "FILE", "The rows' keys: one a line, or JSON lines with 'id' or 'key', and 'text', 'source', 'metadata'. Default: row numbers from 0");
        var f32 = Options.Flag("--f32", "Store full vectors as f32 instead of f16.");
        command.Arguments.Add(file);
        command.Options.Add(keys);
        var recipes = new ImportRecipe(command, session);
        command.Options.Add(f32);
        var column = Options.Text("--column", "NAME", "The column of a .parquet file that has several of vectors.");
        command.Options.Add(column);
        command.SetAction(async (result, cancellationToken) =>
        {
            var path = result.GetRequiredValue(file);
            using var vectors = VectorFile.Open(path, recipes.RowLength(result), result.GetValue(column));
            var recipe = recipes.Resolve(result, path, vectors.Dimensions);
            var keyFile = result.GetValue(keys);
            if (keyFile is not null)
                RequireKeys(keyFile, path, vectors.Rows);
            using var collection = OpenOrCreate(session, path, recipe, vectors.Dimensions, result.GetValue(f32));
            if (keyFile is null && !vectors.HasKeys)
                await RequireFreeRowNumbersAsync(collection, path, cancellationToken).ConfigureAwait(false);
            return await StoreAsync(session, collection, vectors, path, keyFile, cancellationToken).ConfigureAwait(false);
        });
    }

    private static void RequireKeys(string keyFile, string path, long? rows)
    {
        if (rows is { } expected && KeyFile.Count(keyFile) is var count && count != expected)
            throw new MatryoshkaException($"'{keyFile}' names {Figures.Count(count, "row")}, but '{path}' has {Figures.Grouped(expected)}: they must be of the same order and number.");
    }

    private static Collection OpenOrCreate(Session session, string path, ModelRecipe? recipe, int rowLength, bool f32)
    {
        if (!Collection.Exists(session.Directory))
            Collection.Create(session.Directory, new CollectionOptions
            {
                Recipe = recipe ?? throw ImportRecipe.Missing(path, rowLength),
                FullPrecision = f32 ? Precision.F32 : Precision.F16,
            }).Dispose();
        // Maintenance comes at the end, once: in between it would merge what is merged again.
        var collection = Collection.Open(session.Directory, new OpenOptions { Recipe = recipe, BackgroundMaintenance = false });
        try
        {
            var full = collection.Recipe.Dimensions.Full;
            if (full != rowLength)
                throw new MatryoshkaException($"'{path}' has vectors of {rowLength} components, but '{session.Directory}' holds those of '{collection.Recipe.Name}' with {full}: import into another collection with -c.");
            if (f32 && collection.GetInfo().FullPrecision != Precision.F32)
                throw new UsageException($"'{session.Directory}' stores f16, which was fixed when it was created: leave --f32 out, or import into another collection with -c.");
            return collection;
        }
        catch
        {
            collection.Dispose();
            throw;
        }
    }

    // Row numbers of a second file would replace the rows of the first without a word.
    private static async Task RequireFreeRowNumbersAsync(Collection collection, string path, CancellationToken cancellationToken)
    {
        var first = await collection.GetAsync("0", cancellationToken: cancellationToken).ConfigureAwait(false);
        if (first is not null && first.Source != SourceOf(path))
            throw new UsageException($"'{path}' has no keys, and row numbers are already those of '{first.Source}': name its rows with --keys FILE.");
    }

    private static async Task<int> StoreAsync(Session session, Collection collection, VectorFile vectors, string path, string? keyFile, CancellationToken cancellationToken)
    {
        session.Kept = "nothing was stored";
        long failed = 0, rows = 0;
        using var progress = new Progress(session, "import", "rows", vectors.Rows);
        var total = await collection.UpsertAsync(Records(vectors, path, keyFile, row => progress.Report(rows = row, vectors.Fraction)), new UpsertOptions
        {
            BatchSize = Math.Clamp(BatchBytes / (vectors.Dimensions * sizeof(float)), 64, 8192),
            OnFailure = failure =>
            {
                if (Interlocked.Increment(ref failed) <= WarningsShown)
                    session.Warn($"row '{failure.Key}' was left out: {failure.Error.Message}");
            },
            Progress = new Committed(session),
        }, cancellationToken).ConfigureAwait(false);
        session.Kept = null;
        progress.Dispose();
        if (failed > WarningsShown)
            session.Warn($"{Figures.Count(failed, "row")} were left out in all.");
        var stored = total.Embedded + total.Updated + total.Unchanged;
        // A commit takes the last row of a key only, so a key that repeats is counted once.
        var repeated = rows - stored - failed;
        var records = await collection.CountAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (session.Json)
            session.WriteJson(new ImportJson(path, rows, total.Embedded, total.Updated, total.Unchanged, failed, repeated, records), CliJson.Shapes.ImportJson);
        else
            session.Note($"{Figures.Count(stored, "row")} imported{(total.Unchanged > 0 ? $", {Figures.Grouped(total.Unchanged)} of them unchanged" : "")}"
                + $"{(repeated > 0 ? $", {Figures.Grouped(repeated)} replaced by a later row of the same key" : "")}; '{session.Directory}' holds {Figures.Count(records, "record")}.");
        if (stored == 0)
            throw new MatryoshkaException($"No row of '{path}' could be stored.");
        await Maintenance.FinishAsync(session, collection, total.Embedded, cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private static IEnumerable<Record> Records(VectorFile vectors, string path, string? keyFile, Action<long> onRead)
    {
        using var names = keyFile is null ? null : KeyFile.Read(keyFile).GetEnumerator();
        var source = SourceOf(path);
        long row = 0;
        foreach (var read in vectors.Read())
        {
            var named = names is null ? read
                : names.MoveNext() ? names.Current
                : throw new MatryoshkaException($"'{keyFile}' names {Figures.Count(row, "row")}, but '{path}' has more.");
            yield return new Record
            {
                Key = named.Key ?? row.ToString(CultureInfo.InvariantCulture),
                Text = named.Text ?? read.Text ?? "",
                Source = named.Source ?? read.Source ?? source,
                Metadata = named.Metadata ?? read.Metadata,
                Vector = read.Vector,
            };
            onRead(++row);
        }
        if (names?.MoveNext() == true)
            throw new MatryoshkaException($"'{keyFile}' names more rows than the {Figures.Grouped(row)} of '{path}'.");
    }

    private static string SourceOf(string path) => Path.GetFileName(path);

    /// <summary>Keeps what an interruption would leave up to date.</summary>
    private sealed class Committed(Session session) : IProgress<UpsertResult>
    {
        public void Report(UpsertResult value) =>
            session.Kept = $"{Figures.Count(value.Embedded + value.Updated + value.Unchanged, "row")} are stored and stay; the same command goes on from there";
    }
}
