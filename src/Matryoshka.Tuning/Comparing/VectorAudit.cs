using Matryoshka.Tuning.Statistics;

namespace Matryoshka.Tuning;

/// <summary>What vectors that exist would keep at one prefix and precision.</summary>
/// <param name="Dimensions">The prefix.</param>
/// <param name="Precision">The precision of every component.</param>
/// <param name="Bytes">Bytes a vector.</param>
/// <param name="Saved">The share of the present bytes that is saved.</param>
/// <param name="Overlap">Mean share of the present ten nearest that are still among the ten nearest.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Rescored">The same after fifty candidates of it are rescored by the full vectors.</param>
public sealed record AuditRow(int Dimensions, Precision Precision, double Bytes, double Saved, double Overlap, double Low, double High, double Rescored);

/// <summary>How much could be saved on vectors that exist, and what it would change.</summary>
/// <param name="Rows">Vectors measured.</param>
/// <param name="Queries">Vectors taken out to ask with.</param>
/// <param name="Dimensions">Components.</param>
/// <param name="PresentBytes">Bytes a vector as it is.</param>
/// <param name="Table">Prefixes and precisions.</param>
/// <param name="Nesting">Whether the vectors are nested; null where nobody was asked to judge.</param>
public sealed record AuditReport(int Rows, int Queries, int Dimensions, double PresentBytes, IReadOnlyList<AuditRow> Table, NestingJudgement? Nesting);

/// <summary>Whether vectors are nested, in words, and what that was judged by.</summary>
/// <param name="Words">The judgement.</param>
/// <param name="RandomOverlap">For each number of components the share of the ten nearest that as many drawn at random keep: what a prefix that was not trained would.</param>
public sealed record NestingJudgement(string Words, IReadOnlyDictionary<int, double> RandomOverlap);

/// <summary>Judges whether vectors are nested: <c>Matryoshka.Training</c>'s detector is one, and this library does not depend on it.</summary>
/// <param name="rows">The vectors in the order given, not normalised.</param>
public delegate NestingJudgement NestingJudge(IReadOnlyList<float[]> rows);

/// <summary>Measures vectors from anywhere before anything is changed: prefixes and precisions against the present ranking.</summary>
public static class VectorAudit
{
    private const int K = 10;
    private const int MostQueries = 500;
    private const int SmallestPrefix = 32;
    private const int Shortlist = 50;

    /// <summary>Measures.</summary>
    /// <param name="rows">The vectors, all of one length; they need not be normalised. At least 100.</param>
    /// <param name="folder">Where a collection is made to measure on; a folder that does not exist yet, deleted afterwards.</param>
    /// <param name="presentBytes">Bytes a component takes today: 4 for float32.</param>
    /// <param name="judge">Judges whether they are nested; null to leave that out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MatryoshkaException">Too few vectors, or one has no direction.</exception>
    public static async Task<AuditReport> RunAsync(IReadOnlyList<float[]> rows, string folder, double presentBytes = 4, NestingJudge? judge = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count < 100)
            throw new MatryoshkaException($"{rows.Count} vectors are too few to audit; 100 are the least that tells anything.");
        var full = rows[0].Length;
        var asked = Math.Min(MostQueries, rows.Count / 10);
        var order = Enumerable.Range(0, rows.Count).ToArray();
        new SeededRandom(13).Shuffle<int>(order);
        float[][] queries = [.. order.Take(asked).Select(row => rows[row])];
        float[][] stored = [.. order.Skip(asked).Select(row => rows[row])];
        int[] prefixes = [.. Prefixes(full)];
        try
        {
            var table = await MeasureAsync(folder, stored, queries, prefixes, cancellationToken).ConfigureAwait(false);
            return new(stored.Length, asked, full, full * presentBytes, [.. table.Select(row => row with { Saved = 1 - row.Bytes / (full * presentBytes) })], judge?.Invoke(rows));
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<AuditRow>> MeasureAsync(string folder, float[][] stored, float[][] queries, int[] prefixes, CancellationToken cancellationToken)
    {
        using var collection = Collection.Create(folder, new()
        {
            Recipe = new() { Name = "audit", Dimensions = prefixes.Length < 2 ? NestedDimensions.None(prefixes[0]) : NestedDimensions.Trained(prefixes) },
            FullPrecision = Precision.F32,
            Keywords = false,
        });
        await collection.UpsertAsync(stored.Select((vector, i) => new Record { Key = FormattableString.Invariant($"{i}"), Vector = vector }), null, cancellationToken).ConfigureAwait(false);
        using var reader = collection.OpenReader();
        List<ReadOnlyMemory<float>> asked = [.. queries.Select(query => (ReadOnlyMemory<float>)query)];
        var truth = Search(reader, asked, SearchPlan.Exact(Precision.F32), cancellationToken);
        var rows = new List<AuditRow>();
        foreach (var precision in (Precision[])[Precision.F32, Precision.Int8, Precision.Bit])
            foreach (var d in prefixes)
            {
                int? prefix = d == prefixes[^1] ? null : d;
                var alone = Overlaps(truth, Search(reader, asked, new(new SearchStage(precision, prefix, null)), cancellationToken));
                var rescored = Overlaps(truth, Search(reader, asked, new(new SearchStage(precision, prefix, Shortlist), new SearchStage(Precision.F32, null, null)), cancellationToken));
                var kept = PairedBootstrap.Of(alone, [.. alone.Select(_ => 1.0)]);
                rows.Add(new(d, precision, d * (precision switch { Precision.F32 => 4, Precision.Int8 => 1, _ => 0.125 }), 0, kept.Share, kept.Low, kept.High, rescored.Average()));
            }
        return rows;
    }

    private static IReadOnlyList<Neighbours> Search(CollectionReader reader, IReadOnlyList<ReadOnlyMemory<float>> queries, SearchPlan plan, CancellationToken cancellationToken) =>
        reader.NearestMany(queries, K, plan, cancellationToken: cancellationToken);

    private static double[] Overlaps(IReadOnlyList<Neighbours> truth, IReadOnlyList<Neighbours> found) =>
        [.. truth.Select((list, q) => RankComparison.Of(new(MetricKind.Overlap, K), [.. found[q].Ids], [.. list.Ids]))];

    private static IEnumerable<int> Prefixes(int full)
    {
        for (var d = SmallestPrefix; d < full; d *= 2)
            yield return d;
        yield return full;
    }
}
