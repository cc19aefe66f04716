using System.Buffers.Binary;
using Matryoshka.Cli.Files;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Bench;

/// <summary>
/// What a query should find. Recall is the share of the true best k that is found, |found ∩ true best k| / k; a record whose
/// true score equals the k-th one's counts as one of them, because no order among equals is the right one.
/// </summary>
internal sealed class Truth
{
    /// <summary>Row numbers a query has in a truth file.</summary>
    public const int FileWidth = 100;

    private const int MaxDepth = 10_000;
    private const int Spare = 16;

    private readonly HashSet<long> accepted;

    private Truth(HashSet<long> accepted, int wanted) => (this.accepted, Wanted) = (accepted, wanted);

    /// <summary>How many there are to find: k, or all there are.</summary>
    public int Wanted { get; }

    /// <summary>From the exact ranking, which must go on until a score is worse than the k-th.</summary>
    public static Truth Of(IReadOnlyList<long> ids, IReadOnlyList<float> scores, int k)
    {
        var wanted = Math.Min(k, ids.Count);
        var counted = wanted;
        while (wanted > 0 && counted < ids.Count && scores[counted] >= scores[wanted - 1])
            counted++;
        return new([.. ids.Take(counted)], wanted);
    }

    /// <summary>The share found, 0 to 1; 1 where there is nothing to find.</summary>
    public double Recall(IReadOnlyList<long> found)
    {
        var hits = 0;
        for (var i = 0; i < found.Count && i < Wanted; i++)
            if (accepted.Contains(found[i]))
                hits++;
        return Wanted == 0 ? 1 : (double)hits / Wanted;
    }

    /// <summary>Searches the full vectors for every query, on all processors.</summary>
    public static Truth[] Compute(Session session, CollectionReader reader, SearchPlan exact, BenchQueries queries, int k, Filter? filter, CancellationToken cancellationToken)
    {
        var truths = new Truth[queries.Count];
        var done = 0;
        using var progress = new Progress(session, "truth", "queries", truths.Length);
        Parallel.For(0, truths.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            truths[i] = Compute(reader, exact, queries.Vectors[i].Span, k, filter);
            progress.Report(Interlocked.Increment(ref done));
        });
        return truths;
    }

    /// <summary>
    /// Reads true neighbours: <see cref="FileWidth"/> little-endian 32-bit row numbers a query, best first. Row n is the record with the
    /// n-th smallest id from 0, which is row n of a file that was imported whole. Ties are not known from it.
    /// </summary>
    public static Truth[] Read(string path, CollectionReader reader, BenchQueries queries, int k)
    {
        const int RowBytes = FileWidth * sizeof(int);
        using var file = InputFile.Open(path);
        var rows = file.Length / RowBytes;
        if (file.Length % RowBytes != 0 || (queries.InFile is { } known ? rows != known : rows <= queries.Rows[^1]))
            throw new MatryoshkaException($"'{path}' has {file.Length} bytes, which is not that of {(queries.InFile is { } all ? Figures.Count(all, "query row") : "the queries")}: a truth file has {FileWidth} 32-bit row numbers a query, {RowBytes} bytes.");
        var ids = reader.GetIds();
        var truths = new Truth[queries.Count];
        var row = new byte[RowBytes];
        for (var i = 0; i < truths.Length; i++)
        {
            file.Position = queries.Rows[i] * (long)RowBytes;
            file.ReadExactly(row);
            var accepted = new HashSet<long>(k);
            for (var place = 0; place < Math.Min(k, ids.Count); place++)
            {
                var number = BinaryPrimitives.ReadInt32LittleEndian(row.AsSpan(place * sizeof(int)));
                if (number < 0 || number >= ids.Count || !accepted.Add(ids[number]))
                    throw new InvalidFormatException($"'{path}': the neighbour {place + 1} of query {queries.Rows[i]} is row {number}, which {(number < 0 || number >= ids.Count ? $"the collection of {Figures.Count(ids.Count, "row")} does not have" : "stands twice")}: it is the truth of another collection.");
            }
            truths[i] = new(accepted, accepted.Count);
        }
        return truths;
    }

    private static Truth Compute(CollectionReader reader, SearchPlan exact, ReadOnlySpan<float> query, int k, Filter? filter)
    {
        for (var depth = Math.Min(MaxDepth, k + Spare); ; depth = Math.Min(MaxDepth, depth * 8))
        {
            var found = reader.Nearest(query, depth, exact, filter);
            // Copies of one text may fill the list with equal scores: then it goes deeper.
            if (found.Ids.Count < depth || depth == MaxDepth || found.Scores[^1] < found.Scores[k - 1])
                return Of(found.Ids, found.Scores, k);
        }
    }
}
