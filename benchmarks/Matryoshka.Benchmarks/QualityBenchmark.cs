namespace Matryoshka.Benchmarks;

/// <summary>
/// Judged quality of the embedded model at every nested dimension, of its default funnel, of BM25 and of hybrid search,
/// on each evaluation collection: nDCG@10 with graded gains (Järvelin and Kekäläinen, 2002) and recall@100.
/// </summary>
internal static class QualityBenchmark
{
    private const int Depth = 100;

    public static async Task<int> Run(string[] args)
    {
        var report = Report.Start("quality", "The embedded model on judged collections: exact search at every nested dimension, the default funnel, BM25 and hybrid. nDCG@10 and recall@100.");
        var sums = new Dictionary<string, (string, double)[]>();
        var collections = 0;
        foreach (var (name, folder) in Texts.Collections())
        {
            foreach (var (measure, values) in await Measure(folder))
            {
                report.Add($"{name} {measure}", values);
                sums[measure] = sums.TryGetValue(measure, out var sum) ? [.. sum.Zip(values, (a, b) => (a.Item1, a.Item2 + b.Item2))] : values;
            }
            collections++;
            Console.Error.WriteLine($"{name} done");
        }
        foreach (var (measure, sum) in sums)
            report.Add($"mean {measure}", [.. sum.Select(s => (s.Item1, s.Item2 / collections))]);
        return report.Publish(args);
    }

    private static async Task<List<(string Measure, (string, double)[] Values)>> Measure(string folder)
    {
        using var directory = new TemporaryFolder();
        using var collection = Collection.Create(directory.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
        await collection.UpsertAsync(Texts.Corpus(folder).Where(d => d.Text.Length > 0).Select(d => new Record { Key = d.Id, Text = d.Text }), new() { OnFailure = _ => { } });
        var judged = Texts.Judgements(folder);
        var texts = Texts.Queries(folder);
        var queries = judged.Keys.Where(texts.ContainsKey).ToList();
        var ways = collection.Recipe.Dimensions.Dimensions.Select(d => ($"{d}", new SearchOptions { K = Depth, Dimensions = d }))
            .Append(("funnel", new() { K = Depth }))
            .Append(("BM25", new() { K = Depth, Mode = SearchMode.Keyword }))
            .Append(("hybrid", new() { K = Depth, Mode = SearchMode.Hybrid }));
        List<(string, double)> ndcg = [], recall = [];
        foreach (var (column, way) in ways)
        {
            double gain = 0, found = 0;
            var i = 0;
            await foreach (var answer in collection.SearchManyAsync(queries.Select(q => texts[q]), way))
            {
                var relevant = judged[queries[i++]];
                gain += Ndcg([.. answer.Hits.Take(10).Select(h => relevant.GetValueOrDefault(h.Key))], relevant.Values);
                found += (double)answer.Hits.Count(h => relevant.GetValueOrDefault(h.Key) > 0) / relevant.Values.Count(grade => grade > 0);
            }
            ndcg.Add((column, gain / queries.Count));
            recall.Add((column, found / queries.Count));
        }
        return [("nDCG@10", [.. ndcg]), ("recall@100", [.. recall])];
    }

    /// <summary>Gain / ideal gain, each grade divided by log2(rank + 1), as trec_eval's ndcg_cut.</summary>
    private static double Ndcg(IReadOnlyList<int> grades, IEnumerable<int> judged)
    {
        static double Dcg(IEnumerable<int> grades) => grades.Select((grade, i) => grade / Math.Log2(i + 2)).Sum();
        var ideal = Dcg(judged.Where(grade => grade > 0).OrderDescending().Take(10));
        return ideal > 0 ? Dcg(grades) / ideal : 0;
    }
}
