using System.Diagnostics;
using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Tuning.Cost;

/// <summary>Builds a part of the collection anew in a folder of its own, and times it.</summary>
internal static class BuildMeter
{
    // Twice the smallest segment that gets lists; building them takes about a second.
    private const int MostRows = 32_768;
    private const long MostBytes = 256L << 20;

    // Storing takes some ten microseconds a row: under a hundredth of the time given.
    private const double RowsASecondGiven = 1000;

    /// <param name="collection">The collection; nothing is written to it.</param>
    /// <param name="budget">Time for the whole run: a small share of it is used.</param>
    /// <param name="journal">Keeps what was measured.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static BuildCost Measure(Collection collection, TimeSpan budget, Journal journal, CancellationToken cancellationToken)
    {
        var measured = journal.Of("build", () => MeasureAsync(collection, budget, cancellationToken).GetAwaiter().GetResult());
        return new((long)measured[0], measured[1], double.IsNaN(measured[2]) ? null : measured[2]);
    }

    private static async Task<double[]> MeasureAsync(Collection collection, TimeSpan budget, CancellationToken cancellationToken)
    {
        var info = collection.GetInfo();
        var full = info.Recipe.Dimensions.Full;
        var most = (int)Math.Min(Math.Min(MostRows, MostBytes / (full * sizeof(float))), Math.Max(1, budget.TotalSeconds * RowsASecondGiven));
        var records = new List<Record>();
        await foreach (var record in collection.ListAsync(includeVectors: true, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            records.Add(new() { Key = record.Key, Text = "", Vector = record.Vector });
            if (records.Count == most)
                break;
        }
        var folder = Path.Join(Path.GetTempPath(), $"mrl-build-{Guid.NewGuid():N}");
        try
        {
            return await BuildAsync(folder, info, records, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double[]> BuildAsync(string folder, CollectionInfo info, List<Record> records, CancellationToken cancellationToken)
    {
        bool Stores(string kind) => info.Planes.Count == 0 || info.Planes.Any(plane => plane.Kind == kind);
        Collection.Create(folder, new() { Recipe = info.Recipe, FullPrecision = info.FullPrecision, Int8 = Stores("int8"), Bit = Stores("bit"), Keywords = false }).Dispose();
        // Lists are built when they are asked for, not beside what is timed; one batch is one segment, which nothing has to merge.
        using var copy = Collection.Open(folder, new() { BackgroundMaintenance = false });
        var started = Stopwatch.GetTimestamp();
        await copy.UpsertAsync(records, new() { BatchSize = records.Count }, cancellationToken).ConfigureAwait(false);
        var stored = Stopwatch.GetElapsedTime(started).TotalSeconds;
        started = Stopwatch.GetTimestamp();
        await copy.MaintainAsync(null, cancellationToken).ConfigureAwait(false);
        var maintained = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return [records.Count, stored, copy.GetInfo().Segments.Any(segment => segment.ListsBytes is not null) ? maintained : double.NaN];
    }
}
