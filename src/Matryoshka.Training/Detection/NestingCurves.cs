using Matryoshka.Training.Adapters;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Detection;

/// <summary>What subsets of components keep, query by query: of whole vectors' nearest ten, or of judged pairs.</summary>
internal sealed unsafe class NestingCurves : IDisposable
{
    private const int Depth = 10;

    private readonly Block<float> rows, rotated;
    private readonly int count, dimensions;
    private readonly NestingOptions options;
    private readonly Work work;
    private readonly int[] queries, answers, candidates;
    private readonly (int Row, float Cosine)[][] truth = [];
    private readonly double[] full;

    public NestingCurves(Block<float> rows, int count, int dimensions, NestingOptions options, Work work)
    {
        (this.rows, this.count, this.dimensions, this.options, this.work) = (rows, count, dimensions, options, work);
        var draw = new Draw(options.Seed, 0, purpose: 9);
        if (options.Pairs.Count > 0)
        {
            var pairs = options.Pairs.Take(options.Queries).ToArray();
            (queries, answers) = ([.. pairs.Select(pair => pair.A)], [.. pairs.Select(pair => pair.B)]);
            // Questions do not answer: only rows that some pair names as an answer, or that no pair names, are candidates.
            var asked = options.Pairs.Select(pair => pair.A).Except(options.Pairs.Select(pair => pair.B)).ToHashSet();
            candidates = [.. Enumerable.Range(0, count).Where(row => !asked.Contains(row))];
        }
        else
        {
            queries = [.. Enumerable.Range(0, count).OrderBy(_ => draw.Next()).Take(options.Queries).Order()];
            (answers, candidates) = ([], [.. Enumerable.Range(0, count)]);
            truth = Nearest(rows, [.. Enumerable.Range(0, dimensions)]);
        }
        rotated = Rotated();
        full = Kept(rows, [.. Enumerable.Range(0, dimensions)]);
    }

    public NestingPoint At(int d)
    {
        var prefix = Kept(rows, [.. Enumerable.Range(0, d)]);
        var random = new double[queries.Length];
        for (var i = 0; i < options.Draws; i++)
        {
            var draw = new Draw(options.Seed, i, purpose: 10);
            var chosen = Enumerable.Range(0, dimensions).OrderBy(_ => draw.Next()).Take(d).Order().ToArray();
            foreach (var (at, value) in Kept(rows, chosen).Index())
                random[at] += value / options.Draws;
        }
        return new(d, Estimated(prefix), Estimated(random), Estimated(Kept(rows, [.. Enumerable.Range(dimensions - d, d)])),
            Estimated(Kept(rotated, [.. Enumerable.Range(0, d)])), Estimated([.. prefix.Zip(random, (a, b) => a - b)]), Share(prefix));
    }

    public void Dispose() => rotated.Dispose();

    // Principal components of these rows: what an adapter would begin with.
    private Block<float> Rotated()
    {
        var (_, axes) = PrincipalComponents.Of(rows, count, dimensions, work);
        using var projection = new Projection(dimensions, dimensions);
        using (axes)
            for (var k = 0; k < dimensions; k++)
                for (var i = 0; i < dimensions; i++)
                    projection.Weights.Data[(nint)i * dimensions + k] = (float)axes.Data[(nint)k * dimensions + i];
        var turned = new Block<float>((long)count * dimensions);
        projection.Apply(rows.Data, count, turned.Data, work);
        return turned;
    }

    private double[] Kept(Block<float> from, int[] components)
    {
        var found = Nearest(from, components);
        return answers.Length > 0
            ? [.. found.Select((nearest, i) => Gain(nearest, answers[i]))]
            : [.. truth.Zip(found, (right, got) => right.Count(one => got.Any(other => other.Row == one.Row)) / (double)right.Length)];
    }

    // nDCG@10 with one right answer.
    private double Gain((int Row, float Cosine)[] nearest, int answer)
    {
        var rank = Array.FindIndex(nearest, hit => candidates[hit.Row] == answer);
        return rank < 0 ? 0 : 1 / Math.Log2(rank + 2);
    }

    private (int Row, float Cosine)[][] Nearest(Block<float> from, int[] components)
    {
        using var cut = Cut(from, candidates, components);
        using var asking = Cut(from, queries, components);
        var place = new Dictionary<int, int>();
        foreach (var (at, row) in candidates.Index())
            place[row] = at;
        return NeighbourTargets.Nearest(asking.Data, queries.Length, cut.Data, candidates.Length, components.Length, Depth, i => place.GetValueOrDefault(queries[i], -1), work);
    }

    private Block<float> Cut(Block<float> from, int[] numbers, int[] components)
    {
        var cut = new Block<float>((long)numbers.Length * components.Length);
        work.ForRanges(numbers.Length, 256, (first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var row = cut.Slice((long)i * components.Length, components.Length);
                for (var k = 0; k < components.Length; k++)
                    row[k] = from.Data[(nint)numbers[i] * dimensions + components[k]];
                StaticModel.Normalize(row);
            }
        });
        return cut;
    }

    private static Estimate Estimated(double[] values)
    {
        var mean = values.Average();
        var variance = values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Length - 1);
        return new(mean, 1.96 * Math.Sqrt(variance / values.Length));
    }

    // A ratio of means; its error to first order is that of prefix - ratio * full, query by query.
    private Estimate Share(double[] prefix)
    {
        var whole = full.Average();
        if (whole == 0)
            return new(0, 0);
        var ratio = prefix.Average() / whole;
        return new(ratio, Estimated([.. prefix.Zip(full, (a, b) => (a - ratio * b) / whole)]).Margin);
    }
}
