using Matryoshka.Tuning.Truth;

namespace Matryoshka.Tuning.Exploring;

/// <summary>What every part of a run works with.</summary>
internal sealed class Workbench : IDisposable
{
    private Workbench(CollectionReader reader, CollectionInfo info, TuneOptions options, TruthSet truth)
    {
        (Reader, Info, Options) = (reader, info, options);
        var judged = truth.Truths is not null;
        Metric = options.Metric ?? new Metric(judged ? MetricKind.Ndcg : MetricKind.Overlap, options.K);
        if (!judged && !Metric.IsAgainstFull)
            throw new MatryoshkaException($"{Metric} needs judgements: give them, or choose overlap@{options.K}.");
        if (Metric.Depth > options.K)
            throw new MatryoshkaException($"{Metric} looks deeper than the {options.K} hits a search returns: raise k, or look to {options.K}.");
        if (options.Rerankers.Count > 0)
            RequireTexts(truth);
        Evaluator = new(truth, options.K) { Metrics = Evaluator.Usual(judged, Metric) };
        Exact = SearchPlan.Exact(info.FullPrecision);
        Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
    }

    public CollectionReader Reader { get; }

    public CollectionInfo Info { get; }

    public TuneOptions Options { get; }

    public Evaluator Evaluator { get; }

    public Metric Metric { get; }

    public SearchPlan Exact { get; }

    public int Threads { get; }

    public static Workbench Open(Collection collection, IReadOnlyList<TuneQuery> queries, Judgements? judgements, TuneOptions options)
    {
        ArgumentNullException.ThrowIfNull(queries);
        options.Check();
        var info = collection.GetInfo();
        if (info.Records == 0)
            throw new MatryoshkaException($"'{collection.Directory}' holds no records: there is nothing to measure.");
        if (queries.Count == 0)
            throw new MatryoshkaException("There are no queries: there is nothing to measure with.");
        var full = info.Recipe.Dimensions.Full;
        foreach (var query in queries)
            if (query.Vector.Length != full)
                throw new DimensionNotAllowedException($"The query '{query.Id}' has {query.Vector.Length} components, but the collection's vectors have {full}: queries are whole vectors of the same model, '{info.Recipe.Name}'.");
        var reader = collection.OpenReader();
        try
        {
            return new(reader, info, options, TruthSet.Of(reader, queries, judgements, options.KnownItem, options.UnknownShare));
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public void Dispose() => Reader.Dispose();

    // Against the full ranking every change of order is a loss, and a sentence held out was taken from the text that is to be read.
    private static void RequireTexts(TruthSet truth)
    {
        if (truth.Summary.Kind != TruthKind.Judged)
            throw new MatryoshkaException("Rerankers change the order for the better or the worse, which only judged queries tell: give queries with judgements, or leave the rerankers out.");
        if (truth.Queries.FirstOrDefault(query => string.IsNullOrWhiteSpace(query.Text)) is { } mute)
            throw new MatryoshkaException($"The query '{mute.Id}' has no text, which a reranker reads: give texts instead of vectors, or leave the rerankers out.");
    }
}
