using System.Runtime.CompilerServices;

namespace Matryoshka.Documents;

/// <summary>
/// Brings a collection in step with documents: embeds what is new or changed, leaves what is unchanged, removes what
/// vanished. It can be interrupted at any moment; the next run goes on from what was committed.
/// </summary>
public sealed class Indexer
{
    /// <summary>Pieces after which the sources read so far are declared complete: a few commits' worth, so that an interrupted run repeats little.</summary>
    private const int GroupPieces = 16_384;

    private readonly Collection collection;
    private readonly PipelineOptions options;
    private readonly Action<DocumentFailure> onFailure;
    private readonly IProgress<IndexProgress>? progress;
    private IndexProgress state = new();

    /// <summary>Creates an indexer.</summary>
    /// <param name="collection">Where the pieces go; opened with a generator.</param>
    /// <param name="options">How documents are read and split.</param>
    /// <param name="onFailure">Told of every file, line or piece that could not be read or stored; the rest goes on.</param>
    /// <param name="progress">Told how far the run is.</param>
    public Indexer(Collection collection, PipelineOptions options, Action<DocumentFailure> onFailure, IProgress<IndexProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(collection);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(onFailure);
        this.collection = collection;
        this.options = options;
        this.onFailure = onFailure;
        this.progress = progress;
    }

    /// <summary>Indexes what a listing found.</summary>
    public async Task<IndexProgress> RunAsync(DocumentListing listing, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listing);
        foreach (var failure in listing.Failures)
            onFailure(failure);
        var known = await collection.GetSourcesAsync(cancellationToken).ConfigureAwait(false);
        await RemoveVanishedAsync(listing, known.Keys, cancellationToken).ConfigureAwait(false);

        var changed = new List<ReadingSource>();
        foreach (var source in listing.Sources)
        {
            var stamp = DocumentPipeline.Stamp(source, options);
            if (known.TryGetValue(source.Name, out var before) && before == stamp)
                state = state with { SourcesUnchanged = state.SourcesUnchanged + 1 };
            else
                changed.Add(new(source, stamp));
        }
        state = state with { SourcesTotal = changed.Count, BytesTotal = changed.Sum(c => Math.Max(c.Source.Size, 0)) };
        progress?.Report(state);

        var next = 0;
        while (next < changed.Count)
        {
            var done = new List<ReadingSource>();
            var before = state.Pieces;
            var upserted = await collection.UpsertAsync(ReadGroup(changed, next, done, cancellationToken), new UpsertOptions
            {
                OnFailure = failure => onFailure(new(failure.Key, null, failure.Error.Message)),
                Progress = new Relay(this, before),
            }, cancellationToken).ConfigureAwait(false);
            next += done.Count;
            var removed = await collection.CompleteSourcesAsync(
                done.Where(s => !s.Failed).Select(s => new SourceUpdate(s.Source.Name, s.Stamp, s.Keys)), cancellationToken).ConfigureAwait(false);
            state = state with { SourcesDone = next, Removed = state.Removed + removed, Pieces = before + upserted };
            progress?.Report(state);
        }
        return state;
    }

    private async Task RemoveVanishedAsync(DocumentListing listing, IEnumerable<string> known, CancellationToken cancellationToken)
    {
        var present = listing.Sources.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var vanished = known.Where(name => !present.Contains(name) && listing.Covers(name)).ToList();
        if (vanished.Count == 0)
            return;
        var removed = await collection.RemoveSourcesAsync(vanished, cancellationToken).ConfigureAwait(false);
        state = state with { SourcesVanished = vanished.Count, Removed = removed };
    }

    private async IAsyncEnumerable<Record> ReadGroup(List<ReadingSource> changed, int first, List<ReadingSource> done, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pieces = 0;
        for (var i = first; i < changed.Count && pieces < GroupPieces; i++)
        {
            var reading = changed[i];
            await foreach (var piece in DocumentPipeline.ReadAsync(reading.Source, options, reading.Report(onFailure), cancellationToken).ConfigureAwait(false))
            {
                if (!reading.Keys.Add(piece.Key))
                    onFailure(new(reading.Source.Name, null, $"the key '{piece.Key}' occurs more than once; the last one counts") { IsWarning = true });
                pieces++;
                state = state with { BytesRead = state.BytesRead + piece.Text.Length };
                yield return new()
                {
                    Key = piece.Key,
                    Text = piece.Text,
                    Source = piece.Source,
                    Position = piece.Position,
                    Metadata = piece.Metadata,
                };
            }
            done.Add(reading);
        }
    }

    /// <summary>A source being read. One that could not be read to its end keeps its old records and is tried again next time.</summary>
    private sealed class ReadingSource(DocumentSource source, string stamp)
    {
        public DocumentSource Source { get; } = source;

        public string Stamp { get; } = stamp;

        public HashSet<string> Keys { get; } = new(StringComparer.Ordinal);

        public bool Failed { get; private set; }

        public Action<DocumentFailure> Report(Action<DocumentFailure> onFailure) => failure =>
        {
            Failed |= failure is { IsWarning: false, Line: null };
            onFailure(failure);
        };
    }

    private sealed class Relay(Indexer indexer, UpsertResult before) : IProgress<UpsertResult>
    {
        public void Report(UpsertResult value) => indexer.progress?.Report(indexer.state with { Pieces = before + value });
    }
}

/// <summary>How far an indexing run is, and at its end what it did.</summary>
public sealed record IndexProgress
{
    /// <summary>Sources to be read: new or changed.</summary>
    public int SourcesTotal { get; init; }

    /// <summary>Sources read to their end.</summary>
    public int SourcesDone { get; init; }

    /// <summary>Sources passed over because their stamp still holds.</summary>
    public int SourcesUnchanged { get; init; }

    /// <summary>Sources gone since the last run.</summary>
    public int SourcesVanished { get; init; }

    /// <summary>Bytes of the sources to be read.</summary>
    public long BytesTotal { get; init; }

    /// <summary>About how much of <see cref="BytesTotal"/> was read: characters of the pieces so far.</summary>
    public long BytesRead { get; init; }

    /// <summary>What became of the pieces.</summary>
    public UpsertResult Pieces { get; init; } = new(0, 0, 0, 0);

    /// <summary>Records removed because their piece or source vanished.</summary>
    public int Removed { get; init; }
}
