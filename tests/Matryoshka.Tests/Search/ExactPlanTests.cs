using System.Text.Json.Nodes;
using CsCheck;
using Matryoshka.Tests.Reliability;
using Xunit;

namespace Matryoshka.Tests.Search;

/// <summary>A search by bounds finds what a scan of full vectors finds: the same rows with the same scores.</summary>
public sealed class ExactPlanTests : IDisposable
{
    private static readonly NestedDimensions Nested = NestedDimensions.Trained(8, 24, 40);

    private readonly FastFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Bounds_lose_nothing_whatever_the_vectors_the_filter_and_the_deletions() =>
        Gen.Select(Gen.Int[1, 1500], Gen.Int[1, 40], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 10_000]).Sample((rows, k, size, kind, single, seed) =>
        {
            using var collection = Collection.Create(folder.At(Guid.NewGuid().ToString("N")), new()
            {
                Recipe = new() { Name = "test/bounds", Dimensions = Nested },
                FullPrecision = single ? Precision.F32 : Precision.F16,
            });
            var random = new Random(seed);
            collection.UpsertAsync(Enumerable.Range(0, rows).Select(i => new Record { Key = $"k{i}", Vector = Vector(random, kind), Metadata = new JsonObject { ["n"] = i % 7 } })).GetAwaiter().GetResult();
            collection.DeleteAsync([.. Enumerable.Range(0, rows / 5).Select(i => $"k{5 * i}")]).GetAwaiter().GetResult();
            using var reader = collection.OpenReader(Filter.Parse("n = 3"));
            var (name, d) = (single ? "f32" : "f16", Nested.Dimensions[size]);
            var (bounded, scan) = (SearchPlan.Parse($"int8:{d} bound > {name}:{d}"), SearchPlan.Parse($"{name}:{d}"));
            foreach (var filter in new[] { null, Filter.Parse("n = 3") })
            {
                var query = Vector(random, kind);
                var (found, expected) = (reader.Nearest(query, k, bounded, filter), reader.Nearest(query, k, scan, filter));
                Assert.Equal(expected.Ids, found.Ids);
                Assert.Equal(expected.Scores, found.Scores);
            }
        }, iter: 60, threads: 1);

    // Even components, one that outweighs all others (so that a step of the codes is long), few levels (so that scores tie), copies.
    private static float[] Vector(Random random, int kind)
    {
        var vector = Enumerable.Range(0, Nested.Full).Select(_ => random.NextSingle() - 0.5f).ToArray();
        if (kind == 1)
            vector[random.Next(Nested.Full)] = 40;
        if (kind == 2)
            vector = [.. vector.Select(x => MathF.Round(x * 2) + 0.25f)];
        return kind == 3 ? Enumerable.Repeat(random.Next(1, 4) / 4f, Nested.Full).ToArray() : vector;
    }
}
