using System.Diagnostics;
using System.Globalization;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Searching 100,000 passages with the titles of papers: a whole <c>mrl search</c> process, and the library in one process, one
/// thread, one query at a time, from text to fetched records.
/// </summary>
internal static class SearchBenchmark
{
    private const int K = 10;

    public static async Task<int> Run(string[] args)
    {
        var rows = Harness.Option(args, "--rows") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 100_000;
        using var folder = new TemporaryFolder();
        var (file, origin) = IndexBenchmark.WritePassages(folder.At("passages.jsonl"), rows);
        MrlProcess.Run("index", file, "-c", folder.At("c"), "--json");
        var titles = Texts.Titles(300);
        using var collection = Collection.Open(folder.At("c"), new() { Generator = StaticEmbeddingGenerator.Default() });
        var report = Report.Start("search", $"{rows:N0} passages of {Texts.WordsPerPassage} words ({origin}), {titles.Count} titles of papers as queries, one at a time on one thread, from text to fetched records, embedding included. "
            + "Recall is against exact search at the full dimension. The last row is the whole process `mrl search`, output piped, a different query each time.");
        var exact = await Answers(collection, titles, new() { K = K, Dimensions = collection.Recipe.Dimensions.Full });
        foreach (var (name, options) in Ways(collection))
            report.Add(name, await Measure(collection, titles, exact, options));
        var cold = titles.Take(21).Select(title => MrlProcess.Run("search", title, "-c", folder.At("c")).Seconds * 1e3).Order().ToList();
        report.Add("`mrl search`, cold start to exit", ("median ms", cold[cold.Count / 2]), ("p95 ms", cold[cold.Count * 95 / 100]));
        return report.Publish(args);
    }

    private static IEnumerable<(string Name, SearchOptions Options)> Ways(Collection collection)
    {
        yield return ($"default: `{collection.DefaultPlan}`", new() { K = K });
        foreach (var d in collection.Recipe.Dimensions.Dimensions)
            yield return ($"exact: `f16:{d}`", new() { K = K, Dimensions = d });
        foreach (var plan in new[] { "int8:full", "int8:64 x400 > f16:full", "int8:128 x200 > f16:full", "int8:256 x100 > f16:full", "int8:256 x200 > f16:full", "int8:full x50 > f16:full", "bit:full x200 > f16:full", "bit:256 x1000 > int8:full x50 > f16:full", "bit:full x500 > int8:full x50 > f16:full" })
            yield return ($"`{plan}`", new() { K = K, Plan = SearchPlan.Parse(plan) });
        yield return ("default, filter `kind = \"a\"` (a tenth)", new() { K = K, Filter = Filter.Equal("kind", "a") });
        yield return ("keyword (BM25)", new() { K = K, Mode = SearchMode.Keyword });
        yield return ("hybrid", new() { K = K, Mode = SearchMode.Hybrid });
    }

    private static async Task<(string, double)[]> Measure(Collection collection, List<string> titles, List<HashSet<string>> exact, SearchOptions options)
    {
        var times = new List<double>();
        double found = 0, bytes = 0;
        for (var round = 0; round < 3; round++)
            for (var i = 0; i < titles.Count; i++)
            {
                var started = Stopwatch.GetTimestamp();
                var answer = await collection.SearchAsync(titles[i], options);
                if (round == 0)
                    continue;
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                found += answer.Hits.Count(hit => exact[i].Contains(hit.Key));
                bytes += answer.Stages.Sum(stage => stage.BytesRead);
            }
        times.Sort();
        (string, double)[] figures = [("median ms", times[times.Count / 2]), ("p95 ms", times[times.Count * 95 / 100]), ("MB read", bytes / times.Count / 1e6)];
        return options is { Mode: SearchMode.Dense, Filter: null } ? [.. figures, ("recall@10", found / times.Count / K)] : figures;
    }

    private static async Task<List<HashSet<string>>> Answers(Collection collection, List<string> titles, SearchOptions options)
    {
        var answers = new List<HashSet<string>>();
        foreach (var title in titles)
            answers.Add([.. (await collection.SearchAsync(title, options)).Hits.Select(hit => hit.Key)]);
        return answers;
    }
}
