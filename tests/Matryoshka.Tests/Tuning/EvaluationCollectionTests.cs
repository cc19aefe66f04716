using Matryoshka.Tests.Encoders;
using Matryoshka.Tuning;
using Xunit;

namespace Matryoshka.Tests.Tuning;

/// <summary>The measures on the judgements of real collections, where those lie beside the checkout.</summary>
public sealed class EvaluationCollectionTests
{
    private const int MostQueries = 500;

    [Theory]
    [InlineData("scifact")]
    [InlineData("squad_dev_1_1")]
    [InlineData("vaswani_npl")]
    [InlineData("cosqa")]
    [InlineData("medquad")]
    public void Every_measure_agrees_to_a_millionth_with_definitions_written_independently(string name)
    {
        Assert.SkipUnless(SharedData.Find($"data/eval/{name}") is not null, "the evaluation collections are not beside the checkout");
        var judgements = QrelsFile.Read(Path.Join(SharedData.Find($"data/eval/{name}"), "qrels.test.tsv"));
        Assert.Equal(File.ReadLines(Path.Join(SharedData.Find($"data/eval/{name}"), "qrels.test.tsv")).Skip(1).Count(line => line.Length > 0), judgements.Count + judgements.Repeated);
        var run = SyntheticRun(judgements);
        foreach (var k in new[] { 1, 5, 10, 100 })
        {
            var sums = new Dictionary<MetricKind, double>();
            foreach (var (query, ranking) in run)
                foreach (var (kind, value) in MetricTests.Expected(ranking, judgements[query], k))
                    sums[kind] = sums.GetValueOrDefault(kind) + value;
            foreach (var (kind, sum) in sums)
                Assert.Equal(sum / run.Count, RunEvaluation.Score(run, judgements, new(kind, k)).Mean, 1e-6);
        }
    }

    // Relevant records scattered over unjudged ones and other queries' records, the same at every run.
    private static Dictionary<string, IReadOnlyList<string>> SyntheticRun(Judgements judgements)
    {
        var keys = judgements.Queries.SelectMany(query => judgements[query].Keys).Distinct().Order(StringComparer.Ordinal).ToList();
        var random = new Random(1);
        return judgements.Queries.Where((_, i) => i % ((judgements.Queries.Count + MostQueries - 1) / MostQueries) == 0).ToDictionary(query => query, query =>
        {
            var ranking = Enumerable.Range(0, 60).Select(_ => keys[random.Next(keys.Count)]).Concat(Enumerable.Range(0, 20).Select(i => $"unjudged {i}"))
                .Concat(judgements[query].Keys.Take(30)).Distinct().ToArray();
            random.Shuffle(ranking);
            return (IReadOnlyList<string>)ranking;
        });
    }
}
