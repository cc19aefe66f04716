using Matryoshka.Storage;
using Matryoshka.Tests.Reliability;
using Xunit;

namespace Matryoshka.Tests.Search;

/// <summary>Scans of all rows: by signs that learn from a sample, by several threads, and for several queries at once.</summary>
public sealed class PassTests(PassTests.Many many) : IClassFixture<PassTests.Many>
{
    private const int Rows = 140_000;
    private const int Near = 60;
    private const int D = 256;
    private const int Groups = 700;

    public static TheoryData<string> Plans => ["f16:full", "int8:full bound > f16:full", "int8:128 x100 > f16:full", "bit:full x100 > int8:full", "bit:128 x300 > bit:full x100 > f16:full"];

    [Theory, MemberData(nameof(Plans))]
    public void Queries_that_share_a_pass_find_what_each_finds_alone(string plan)
    {
        using var reader = many.Collection.OpenReader();
        var queries = Enumerable.Range(0, 21).Select(i => (ReadOnlyMemory<float>)Query(i)).ToList();
        var parsed = SearchPlan.Parse(plan);
        foreach (var filter in new[] { null, Filter.Parse("n < 3") })
        {
            var together = reader.NearestMany(queries, 10, parsed, threads: 2, filter);
            for (var i = 0; i < queries.Count; i++)
            {
                var alone = reader.Nearest(queries[i].Span, 10, parsed, filter);
                Assert.Equal(alone.Ids, together[i].Ids);
                Assert.Equal(alone.Scores, together[i].Scores);
                Assert.Equal(alone.Stages.Select(stage => (stage.Stage, stage.In, stage.Out)), together[i].Stages.Select(stage => (stage.Stage, stage.In, stage.Out)));
            }
        }
    }

    [Theory, MemberData(nameof(Plans))]
    public void Several_threads_find_what_one_finds(string plan)
    {
        using var reader = many.Collection.OpenReader();
        var parsed = SearchPlan.Parse(plan);
        for (var i = 0; i < 5; i++)
            foreach (var filter in new[] { null, Filter.Parse("n < 3"), Filter.Parse("n = 77") })
            {
                var (one, two) = (reader.Nearest(Query(i), 10, parsed, filter), reader.Nearest(Query(i), 10, parsed, filter, threads: 2));
                // Which rows a scan of signs leaves out depends on what it has seen; every other plan is exact in its stages.
                Assert.InRange(one.Ids.Intersect(two.Ids).Count(), plan.StartsWith("bit", StringComparison.Ordinal) ? 9 : 10, 10);
                Assert.Equal(one.Stages[^1].Out, two.Stages[^1].Out);
            }
    }

    [Fact]
    public void A_shortlist_by_weighted_signs_holds_the_exact_ten()
    {
        using var reader = many.Collection.OpenReader();
        var found = Enumerable.Range(0, 50).Sum(i => reader.Nearest(Query(i), 10, SearchPlan.Parse("bit:full x200 > f16:full")).Ids
            .Intersect(reader.Nearest(Query(i), 10, SearchPlan.Parse("f16:full")).Ids).Count());
        Assert.True(found >= 490, $"{found} of 500");
    }

    [Fact]
    public void A_sample_that_misleads_costs_time_and_no_hits()
    {
        // All that is near stands in the first block, which is in the sample: nothing else comes up to what it lets expect.
        using var reader = many.Collection.OpenReader();
        foreach (var plan in new[] { "bit:full x200 > f16:full", "bit:full" })
            foreach (var threads in new[] { 1, 2 })
            {
                var found = reader.Nearest(Toward(0), plan == "bit:full" ? 150 : 10, SearchPlan.Parse(plan), threads: threads);
                Assert.Equal(plan == "bit:full" ? 150 : 200, found.Stages[0].Out);
                Assert.True(found.Scores[0] > 0.8);
            }
    }

    [Fact]
    public void A_sign_scan_estimates_cosines()
    {
        using var reader = many.Collection.OpenReader();
        for (var i = 0; i < 10; i++)
        {
            var exact = reader.Nearest(Query(i), 1, SearchPlan.Parse("f16:full"));
            var signs = reader.Nearest(Query(i), 200, SearchPlan.Parse("bit:full"));
            Assert.Equal(exact.Scores[0], signs.Scores[signs.Ids.ToList().IndexOf(exact.Ids[0])], 0.15);
        }
    }

    [Fact]
    public async Task A_number_of_threads_below_zero_is_refused() =>
        Assert.Contains("-1 threads", (await Assert.ThrowsAsync<MatryoshkaException>(() => many.Collection.SearchAsync(Query(1), new() { Threads = -1 }))).Message, StringComparison.Ordinal);

    private static float[] Query(int i) => Many.Vector(1000 + 17 * i);

    private static readonly float[][] Middles = [.. Enumerable.Range(0, Groups + 1).Select(Middle)];

    private static float[] Toward(int middle) => Middles[middle];

    private static float[] Middle(int middle)
    {
        var random = new Random(-1 - middle);
        return [.. Enumerable.Range(0, D).Select(_ => random.NextSingle() - 0.5f)];
    }

    /// <summary>Enough rows for a sample and for two threads, in two segments; they lie about 700 points, and the first sixty about one of their own.</summary>
    public sealed class Many : IAsyncLifetime
    {
        private readonly FastFolder folder = new();

        public Collection Collection { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Collection = Collection.Create(folder.At("c"), new() { Recipe = new() { Name = "vectors", Dimensions = NestedDimensions.Trained(32, 64, 128, D) }, Keywords = false }, OsFileSystem.Instance, new(null, BackgroundMaintenance: false));
            await Collection.UpsertAsync(Enumerable.Range(0, Rows).Select(row => new Record { Key = $"{row}", Vector = Vector(row), Metadata = new() { ["n"] = row % 100 } }), new() { BatchSize = 65_536 });
            await Collection.DeleteAsync(["5", "99999"]);
        }

        public ValueTask DisposeAsync()
        {
            Collection.Dispose();
            folder.Dispose();
            return ValueTask.CompletedTask;
        }

        public static float[] Vector(int row)
        {
            var random = new Random(row);
            var vector = new float[D];
            for (var i = 0; i < D; i++)
                vector[i] = random.NextSingle() - 0.5f;
            return [.. vector.Zip(Toward(row < Near ? 0 : 1 + row % Groups), (x, y) => 0.6f * x + y)];
        }
    }
}
