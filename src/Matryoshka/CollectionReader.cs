using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Matryoshka.Search;
using Matryoshka.Storage;

namespace Matryoshka;

/// <summary>
/// One commit of a collection, held open for many searches by vector: <see cref="Collection.OpenReader"/>. A search on it
/// reads planes only and never the catalogue, so it returns ids instead of records. It sees its commit and nothing later:
/// records written since are not found, those deleted since still are. Safe for use by several threads.
/// </summary>
/// <remarks>
/// Disposing is required: until then segment files that a compaction replaced stay mapped, and the disk keeps their space.
/// No transaction of the catalogue stays open, because that would let the database's log grow with every write for as long
/// as the reader lives. Searches go on after the collection is closed; <see cref="Keys"/> and new filters do not.
/// </remarks>
public sealed class CollectionReader : IDisposable
{
    /// <summary>A selection takes a bit a row: 64 of them over a million rows are 8 MB.</summary>
    private const int RememberedFilters = 64;

    /// <summary>Vectors that share a pass: a block of rows, 256 KB of int8 codes of 512 dimensions, stays in the second-level cache meanwhile.</summary>
    private const int SharedPass = 16;

    private readonly CollectionStore store;
    private readonly Snapshot snapshot;
    private readonly ConcurrentDictionary<string, RowSelection> selections;
    private int closed;

    // Takes over a reference to the snapshot.
    internal CollectionReader(CollectionStore store, Snapshot snapshot, IEnumerable<KeyValuePair<string, RowSelection>> selections)
    {
        this.store = store;
        this.snapshot = snapshot;
        this.selections = new(selections);
        foreach (var view in snapshot.Views)
            Bytes += view.Segment.Bytes;
    }

    /// <summary>Live records of the commit.</summary>
    public long Rows => snapshot.LiveRows;

    /// <summary>Bytes of planes: mapped files, and what rows not yet in a segment take in memory.</summary>
    public long Bytes { get; }

    /// <summary>The records nearest to a vector.</summary>
    /// <param name="vector">The query, of full length or of an allowed dimension; it need not be normalised.</param>
    /// <param name="k">How many to return, 1 to 10,000. Fewer come back where the commit, the filter or the plan has fewer.</param>
    /// <param name="plan">The funnel to run; null for the collection's default plan.</param>
    /// <param name="filter">
    /// Only records whose metadata matched at the reader's commit. A filter named at <see cref="Collection.OpenReader"/> costs
    /// nothing here; another one is evaluated at its first use, which needs the catalogue to stand at that commit still.
    /// </param>
    /// <param name="threads">As <see cref="SearchOptions.Threads"/>.</param>
    /// <exception cref="InvalidVectorException">The vector is zero, or holds NaN or infinity.</exception>
    /// <exception cref="DimensionNotAllowedException">The vector's length or a stage of the plan is not an allowed dimension.</exception>
    /// <exception cref="ReaderOutdatedException">The filter was not evaluated before the collection changed.</exception>
    /// <exception cref="MatryoshkaException">k is out of range, or the plan reads planes the collection does not store.</exception>
    /// <exception cref="ObjectDisposedException">The reader is closed.</exception>
    public Neighbours Nearest(ReadOnlySpan<float> vector, int k = 10, SearchPlan? plan = null, Filter? filter = null, int threads = 1)
    {
        Collection.RequireK(k);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Pin();
        try
        {
            using var query = new QueryVector(vector, store.Meta.Recipe.Dimensions);
            var (resolved, funnel, reports) = Prepare(query, k, plan, filter);
            return Answer(funnel.Run(query, threads == 0 ? Environment.ProcessorCount : threads, reports), resolved, reports);
        }
        finally
        {
            snapshot.Release();
        }
    }

    /// <summary>
    /// As <see cref="Nearest"/> for many vectors, several at a time; the answers come in the vectors' order. Where the plan scans all rows,
    /// up to sixteen vectors share a pass over them, so that memory is read once for all.
    /// </summary>
    /// <param name="vectors">The queries.</param>
    /// <param name="k">How many to return for each, 1 to 10,000.</param>
    /// <param name="plan">The funnel to run; null for the collection's default plan.</param>
    /// <param name="threads">Queries answered at the same time; 0 for one a processor.</param>
    /// <param name="filter">Only records whose metadata matched at the reader's commit.</param>
    /// <param name="cancellationToken">Ends the call between two queries.</param>
    /// <exception cref="InvalidVectorException">A vector is zero, or holds NaN or infinity; the message names it by its row.</exception>
    public IReadOnlyList<Neighbours> NearestMany(IReadOnlyList<ReadOnlyMemory<float>> vectors, int k = 10, SearchPlan? plan = null, int threads = 0, Filter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Collection.RequireK(k);
        for (var i = 0; i < vectors.Count; i++)
            Truncation.Validate(vectors[i].Span, vectors[i].Length, i);
        var answers = new Neighbours[vectors.Count];
        Pin();
        try
        {
            var workers = threads == 0 ? Environment.ProcessorCount : threads;
            // Vectors of one length resolve to one plan; chunks small enough that every thread gets some.
            var chunk = Math.Clamp((vectors.Count + workers - 1) / workers, 1, SharedPass);
            var chunks = Enumerable.Range(0, vectors.Count).GroupBy(i => vectors[i].Length).SelectMany(group => group.Chunk(chunk)).ToList();
            var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
            Parallel.ForEach(chunks, options, chunk => RunTogether(vectors, chunk, k, plan, filter, answers));
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
        finally
        {
            snapshot.Release();
        }
        return answers;
    }

    /// <summary>The keys of records, read from the catalogue as it is now; null for a record that was deleted or replaced since the reader's commit.</summary>
    /// <param name="ids">Ids that <see cref="Nearest"/> returned.</param>
    public IReadOnlyList<string?> Keys(IReadOnlyList<long> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ObjectDisposedException.ThrowIf(closed != 0, this);
        return store.Query(catalog =>
        {
            var keys = new string?[ids.Count];
            for (var i = 0; i < keys.Length; i++)
                keys[i] = catalog.KeyOf(ids[i]);
            return keys;
        });
    }

    /// <summary>The ids of the records that have these keys, as the catalogue is now; null for a key without a record. A record written since the reader's commit is not found by its searches.</summary>
    /// <param name="keys">Keys of records.</param>
    public IReadOnlyList<long?> GetIds(IReadOnlyList<string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ObjectDisposedException.ThrowIf(closed != 0, this);
        return store.Query(catalog => Array.ConvertAll([.. keys], catalog.IdOf));
    }

    /// <summary>The ids of all live records, ascending: the order in which they were written.</summary>
    public IReadOnlyList<long> GetIds()
    {
        Pin();
        try
        {
            var ids = new List<long>(checked((int)Rows));
            foreach (var view in snapshot.Views)
            {
                var all = view.Segment.Ids;
                for (var row = 0; row < all.Length; row++)
                    if (view.Dead?[row] != true)
                        ids.Add(all[row]);
            }
            return ids;
        }
        finally
        {
            snapshot.Release();
        }
    }

    /// <summary>Lets go of the commit; searches that run are finished first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
            snapshot.Release();
    }

    // Every search holds a reference of its own, so that closing the reader never unmaps what one reads.
    private void Pin() => ObjectDisposedException.ThrowIf(Volatile.Read(ref closed) != 0 || !snapshot.TryAddReference(), this);

    private void RunTogether(IReadOnlyList<ReadOnlyMemory<float>> vectors, int[] chunk, int k, SearchPlan? plan, Filter? filter, Neighbours[] answers)
    {
        QueryVector[] queries = [.. chunk.Select(i => new QueryVector(vectors[i].Span, store.Meta.Recipe.Dimensions))];
        var prepared = Array.ConvertAll(queries, query => Prepare(query, k, plan, filter));
        var (resolved, funnel, _) = prepared[0];
        List<StageReport>[] reports = [.. prepared.Select(one => one.Reports)];
        var found = funnel.SharesPass && chunk.Length > 1
            ? funnel.RunTogether(queries, reports)
            : [.. queries.Select((query, i) => funnel.Run(query, 1, reports[i]))];
        for (var i = 0; i < chunk.Length; i++)
        {
            answers[chunk[i]] = Answer(found[i], resolved, reports[i]);
            queries[i].Dispose();
        }
    }

    private (SearchPlan Plan, Funnel Funnel, List<StageReport> Reports) Prepare(QueryVector query, int k, SearchPlan? plan, Filter? filter)
    {
        var meta = store.Meta;
        var resolved = PlanResolver.Resolve(meta, new() { K = k, Plan = plan }, k, query.Length, snapshot);
        var reports = new List<StageReport>(resolved.Stages.Count + 1);
        return (resolved, new(snapshot, meta.Recipe.Dimensions, resolved, k, filter is null ? null : Select(filter, reports)), reports);
    }

    private Neighbours Answer(Scored[] hits, SearchPlan plan, List<StageReport> reports)
    {
        var (ids, scores) = (new long[hits.Length], new float[hits.Length]);
        for (var i = 0; i < hits.Length; i++)
        {
            var (view, row) = RowScan.Place(hits[i].Tag);
            ids[i] = snapshot.Views[view].Segment.Ids[row];
            scores[i] = hits[i].Score;
        }
        return new(ids, scores, plan, reports);
    }

    private RowSelection Select(Filter filter, List<StageReport> reports)
    {
        var started = Stopwatch.GetTimestamp();
        var text = filter.ToString();
        if (!selections.TryGetValue(text, out var selection))
        {
            selection = store.Query(catalog => catalog.Generation() == snapshot.Generation
                ? RowSelection.Of(snapshot, catalog, filter)
                : throw new ReaderOutdatedException($"The filter '{filter}' cannot be evaluated: the collection in '{store.Paths.Directory}' has changed since this reader was opened. Open a new reader, or name the filter when opening it."));
            if (selections.Count < RememberedFilters)
                selections[text] = selection;
        }
        reports.Add(new($"filter {text}", snapshot.LiveRows, selection.Count, 0, Stopwatch.GetElapsedTime(started)));
        return selection;
    }
}

/// <summary>What <see cref="CollectionReader.Nearest"/> found.</summary>
public sealed class Neighbours
{
    internal Neighbours(long[] ids, float[] scores, SearchPlan plan, IReadOnlyList<StageReport> stages) =>
        (Ids, Scores, Plan, Stages) = (ids, scores, plan, stages);

    /// <summary>The records' ids, best first. Ids ascend in the order in which records were written; a replaced record gets a new one.</summary>
    public IReadOnlyList<long> Ids { get; }

    /// <summary>The cosine of each, as the plan's last stage computed it.</summary>
    public IReadOnlyList<float> Scores { get; }

    /// <summary>The plan that ran.</summary>
    public SearchPlan Plan { get; }

    /// <summary>What every stage did, in order.</summary>
    public IReadOnlyList<StageReport> Stages { get; }
}

/// <summary>A reader was asked for something only the catalogue knows, and the catalogue has moved on from the reader's commit.</summary>
public sealed class ReaderOutdatedException(string message) : MatryoshkaException(message);
