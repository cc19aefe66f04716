using System.Text.Json.Nodes;
using Xunit;

namespace Matryoshka.Tests.Collections;

public sealed class CollectionReaderTests : IDisposable
{
    private static readonly SearchPlan?[] Plans = [null, SearchPlan.Of(SearchPreset.Exact), SearchPlan.Of(SearchPreset.Fast), SearchPlan.Exact(), SearchPlan.Parse("int8:8 x60 > f16:full"), SearchPlan.Parse("bit:full x200 > int8:16 x50 > f16:32")];

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(30)]
    [InlineData(2500)]
    public async Task A_reader_finds_what_a_search_finds_by_every_plan_and_filter(int rows)
    {
        using var collection = await Filled(rows);
        await collection.DeleteAsync(["k3", "k4"]);
        using var reader = collection.OpenReader();
        Assert.Equal(rows - 2, reader.Rows);
        Assert.True(reader.Bytes > rows * 64);
        foreach (var plan in Plans)
            foreach (var filter in new[] { null, Filter.Parse("even = true") })
                for (var q = 0; q < 5; q++)
                {
                    var vector = TestVectors.Vector(-1 - q);
                    var expected = await collection.SearchAsync(vector, new() { Plan = plan, Filter = filter });
                    var found = reader.Nearest(vector, 10, plan, filter);
                    Assert.Equal(expected.Hits.Select(hit => hit.Key), reader.Keys(found.Ids));
                    Assert.Equal(expected.Hits.Select(hit => hit.Score), found.Scores.Select(score => (double)score));
                    Assert.Equal(expected.Plan, found.Plan);
                    Assert.Equal(expected.Stages.SkipLast(1).Select(stage => (stage.Stage, stage.In, stage.Out, stage.BytesRead)), found.Stages.Select(stage => (stage.Stage, stage.In, stage.Out, stage.BytesRead)));
                }
    }

    [Fact]
    public async Task Many_vectors_get_the_answers_of_each_in_their_order()
    {
        using var collection = await Filled(1500);
        using var reader = collection.OpenReader();
        var vectors = Enumerable.Range(0, 40).Select(i => (ReadOnlyMemory<float>)TestVectors.Vector(-i, i % 2 == 0 ? 32 : 16)).ToList();
        foreach (var threads in new[] { 0, 1, 3 })
        {
            var many = reader.NearestMany(vectors, 7, threads: threads);
            Assert.Equal(vectors.Select(vector => reader.Nearest(vector.Span, 7).Ids), many.Select(found => found.Ids));
        }
        Assert.Empty(reader.NearestMany([]));
        var wrong = Assert.Throws<InvalidVectorException>(() => reader.NearestMany([vectors[0], new float[32]]));
        Assert.Contains("Row 1", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<DimensionNotAllowedException>(() => reader.NearestMany([vectors[0], new float[] { 1, 2 }]));
        Assert.ThrowsAny<OperationCanceledException>(() => reader.NearestMany(vectors, cancellationToken: new(canceled: true)));
    }

    [Fact]
    public async Task Ids_ascend_in_the_order_of_writing()
    {
        using var collection = await Filled(1100);
        await collection.UpsertAsync(TestVectors.Record("k0", 77_777));
        using var reader = collection.OpenReader();
        var ids = reader.GetIds();
        Assert.Equal(ids.Order().Distinct(), ids);
        Assert.Equal([.. Enumerable.Range(1, 1099).Select(i => $"k{i}"), "k0"], reader.Keys(ids));
    }

    [Fact]
    public async Task What_is_written_later_is_not_seen_and_what_is_deleted_still_is()
    {
        using var collection = await Filled(3000);
        var named = Filter.Parse("even = true");
        using var reader = collection.OpenReader(named);
        var before = Plans.Select(plan => reader.Nearest(TestVectors.Vector(-1), 20, plan)).ToList();
        var filtered = reader.Nearest(TestVectors.Vector(-1), 20, null, named);
        var keys = reader.Keys(before[0].Ids);

        await collection.DeleteAsync(keys.Take(5)!);
        await collection.UpsertAsync(Enumerable.Range(0, 2000).Select(i => TestVectors.Record($"new{i}", -1)));
        await collection.UpsertAsync(Enumerable.Range(0, 3000).Select(i => TestVectors.Record($"k{i}", i, metadata: new JsonObject { ["even"] = i % 2 != 0 })).Where(record => !keys.Contains(record.Key)));
        await collection.CompactAsync();

        Assert.Equal(3000, reader.Rows);
        Assert.Equal(before.Select(found => found.Ids), Plans.Select(plan => reader.Nearest(TestVectors.Vector(-1), 20, plan).Ids));
        Assert.Equal(filtered.Ids, reader.Nearest(TestVectors.Vector(-1), 20, null, named).Ids);
        Assert.Equal([.. Enumerable.Repeat<string?>(null, 5), .. keys.Skip(5)], reader.Keys(before[0].Ids));
        // Another filter would be answered from metadata of another commit.
        Assert.Throws<ReaderOutdatedException>(() => reader.Nearest(TestVectors.Vector(-1), 20, null, Filter.Parse("even = false")));
        using var newer = collection.OpenReader();
        Assert.NotEmpty(newer.Nearest(TestVectors.Vector(-1), 20, null, Filter.Parse("even = false")).Ids);
        Assert.Equal(1, newer.Nearest(TestVectors.Vector(-1), 1).Scores[0], 1e-3);
    }

    [Fact]
    public async Task Threads_search_one_commit_while_it_is_replaced_and_the_reader_closed()
    {
        using var collection = await Filled(1200);
        var reader = collection.OpenReader();
        var expected = reader.Nearest(TestVectors.Vector(-1)).Ids;
        using var begun = new CountdownEvent(4);
        var searching = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
        {
            for (var searches = 0; ; searches++)
                try
                {
                    Assert.Equal(expected, reader.Nearest(TestVectors.Vector(-1)).Ids);
                    if (searches == 0)
                        begun.Signal();
                }
                catch (ObjectDisposedException)
                {
                    return searches;
                }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        begun.Wait(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 5; i++)
        {
            await collection.UpsertAsync(Enumerable.Range(0, 1200).Select(k => TestVectors.Record($"k{k}", 10_000 * (i + 1) + k)));
            await collection.CompactAsync();
        }
        // Closes files that only the reader still maps, under searches that read them.
        reader.Dispose();
        reader.Dispose();
        Assert.All(await Task.WhenAll(searching), searches => Assert.True(searches > 0));
        Assert.Empty(await collection.VerifyAsync());
    }

    [Fact]
    public async Task Searches_go_on_after_the_collection_is_closed()
    {
        var collection = await Filled(50);
        using var reader = collection.OpenReader();
        collection.Dispose();
        Assert.Equal(10, reader.Nearest(TestVectors.Vector(-1)).Ids.Count);
        Assert.Throws<ObjectDisposedException>(() => reader.Keys([1]));
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused()
    {
        using var collection = await Filled(20);
        var reader = collection.OpenReader();
        var nan = TestVectors.Vector(1);
        nan[3] = float.NaN;
        Assert.Throws<InvalidVectorException>(() => reader.Nearest(nan));
        Assert.Throws<InvalidVectorException>(() => reader.Nearest(new float[32]));
        Assert.Throws<DimensionNotAllowedException>(() => reader.Nearest(TestVectors.Vector(1, 31)));
        Assert.Throws<MatryoshkaException>(() => reader.Nearest(TestVectors.Vector(1), 0));
        Assert.Throws<MatryoshkaException>(() => reader.Nearest(TestVectors.Vector(1), 10_001));
        Assert.Throws<MatryoshkaException>(() => reader.Nearest(TestVectors.Vector(1), 10, SearchPlan.Parse("f32:full")));
        Assert.Throws<MatryoshkaException>(() => reader.Nearest(TestVectors.Vector(1), 10, SearchPlan.Parse("int8:8 x5 > f16:full")));
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => reader.Nearest(TestVectors.Vector(1)));
        Assert.Throws<ObjectDisposedException>(() => reader.NearestMany([TestVectors.Vector(1)]));
        Assert.Throws<ObjectDisposedException>(() => reader.Keys([1]));
        Assert.Throws<ObjectDisposedException>(() => reader.GetIds());
    }

    [Fact]
    public void An_empty_collection_has_no_neighbours()
    {
        using var collection = Collection.Create(folder.At("empty"), TestVectors.Options());
        using var reader = collection.OpenReader();
        Assert.Empty(reader.Nearest(TestVectors.Vector(1)).Ids);
        Assert.Empty(reader.Nearest(TestVectors.Vector(1), filter: Filter.Parse("even = true")).Ids);
        Assert.Empty(reader.GetIds());
        Assert.Equal(0, reader.Rows);
    }

    private async Task<Collection> Filled(int rows)
    {
        var collection = Collection.Create(folder.At("c"), TestVectors.Options());
        await collection.UpsertAsync(Enumerable.Range(0, rows).Select(i => TestVectors.Record($"k{i}", i, metadata: new JsonObject { ["even"] = i % 2 == 0 })));
        return collection;
    }
}
