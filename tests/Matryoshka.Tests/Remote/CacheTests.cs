using Matryoshka.Remote;
using Matryoshka.Tests.Collections;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Remote;

public class CacheTests
{
    [Fact]
    public async Task One_stored_vector_serves_every_dimension()
    {
        using var folder = new TestFolder();
        var inner = new Recording();
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(inner.WithRecipe(Wire.Recipe), cache);
        var first = Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 }));
        foreach (var d in new[] { 8, 16, 32 })
            Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = d })).Vector, d);
        Assert.Equal(first.Vector.ToArray(), Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 16 })).Vector.ToArray());
        Assert.Equal(["d: a"], inner.Texts);
        Assert.Equal((4L, 1L), (generator.Hits, generator.Misses));
        await Assert.ThrowsAsync<DimensionNotAllowedException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 17 }));
    }

    [Fact]
    public async Task Roles_texts_and_recipes_have_entries_of_their_own()
    {
        using var folder = new TestFolder();
        var inner = new Recording();
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(inner.WithRecipe(Wire.Recipe), cache);
        using var other = new MatryoshkaCacheEmbeddingGenerator(inner.WithRecipe(Wire.Recipe with { Weights = "sha256:1" }), cache);
        for (var round = 0; round < 2; round++)
        {
            Wire.AssertUnit("d: a", (await generator.GenerateAsync(["a", "\ud800"]))[0].Vector);
            Wire.AssertUnit("q: a", (await generator.GenerateAsync(["a", "\ud801"], EmbeddingRole.Query))[0].Vector);
            await other.GenerateAsync(["a"]);
        }
        Assert.Equal(["d: a", "d: \ud800", "q: a", "q: \ud801", "d: a"], inner.Texts);
        Assert.Equal(5, cache.Count);
    }

    [Fact]
    public async Task Calls_with_unknown_properties_pass_by_the_cache()
    {
        using var folder = new TestFolder();
        var inner = new Recording();
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(inner.WithRecipe(Wire.Recipe), cache);
        var options = new EmbeddingGenerationOptions { AdditionalProperties = new() { ["user"] = "x" } };
        await generator.GenerateAsync(["a"], options);
        await generator.GenerateAsync(["a"], options);
        Assert.Equal((2, 0L), (inner.Texts.Count, cache.Count));
    }

    [Fact]
    public async Task A_text_that_occurs_twice_is_asked_for_once_and_entries_outlive_the_object()
    {
        using var folder = new TestFolder();
        var inner = new Recording();
        string[] texts = ["a", "b", "a", "c", "b"];
        for (var round = 0; round < 2; round++)
        {
            using var generator = new EmbeddingGeneratorBuilder<string, Embedding<float>>(inner).UseMatryoshkaCache(folder.At("sub/c.db")).UseMatryoshka(Wire.Recipe).Build();
            var vectors = await generator.GenerateAsync(texts);
            for (var i = 0; i < texts.Length; i++)
                Wire.AssertUnit("d: " + texts[i], vectors[i].Vector);
        }
        Assert.Equal(["d: a", "d: b", "d: c"], inner.Texts);
    }

    [Fact]
    public async Task The_stages_work_in_either_order()
    {
        using var folder = new TestFolder();
        var inner = new Recording();
        using var outside = new EmbeddingGeneratorBuilder<string, Embedding<float>>(inner).UseMatryoshkaCache(folder.At("1.db")).UseMatryoshka(Wire.Recipe, 8).Build();
        using var inside = new EmbeddingGeneratorBuilder<string, Embedding<float>>(inner.WithRecipe(Wire.Recipe)).UseMatryoshka(Wire.Recipe, 8).UseMatryoshkaCache(folder.At("2.db")).Build();
        foreach (var generator in new[] { outside, inside })
        {
            for (var round = 0; round < 2; round++)
                Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"])).Vector, 8);
            Wire.AssertUnit("d: a", Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 32 })).Vector, 32);
        }
        Assert.Equal(["d: a", "d: a"], inner.Texts);
        Assert.Equal(8, ((EmbeddingGeneratorMetadata)inside.GetService(typeof(EmbeddingGeneratorMetadata))!).DefaultModelDimensions);
        Assert.Contains("names no recipe", Assert.Throws<MatryoshkaException>(() => new EmbeddingGeneratorBuilder<string, Embedding<float>>(inner).UseMatryoshka(Wire.Recipe).UseMatryoshkaCache(folder.At("3.db")).Build()).Message, StringComparison.Ordinal);
        Assert.Contains("use one of them", Assert.Throws<MatryoshkaException>(() => new EmbeddingGeneratorBuilder<string, Embedding<float>>(inner.WithRecipe(Wire.Recipe)).UseMatryoshka(TestVectors.Recipe()).Build()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_answered_before_a_failure_is_not_asked_for_again()
    {
        using var folder = new TestFolder();
        var broken = true;
        using var server = new LoopbackServer(r => broken && r.Texts()[0] == "d: 12" ? new(400, Wire.Error("no")) : Wire.OpenAI(r));
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(RemoteEmbeddingGenerator.Create("compatible:m", Wire.Options(server, texts: 4, concurrency: 2)), cache);
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"{i}")];
        await Assert.ThrowsAsync<RemoteServiceException>(() => generator.GenerateAsync(texts));
        var kept = cache.Count;
        Assert.InRange(kept, 12, 16);
        broken = false;
        server.Requests.Clear();
        Assert.Equal(20, (await generator.GenerateAsync(texts)).Count);
        Assert.Equal(20 - kept, server.Requests.Sum(r => r.Texts().Length));
    }

    [Fact]
    public void An_entry_costs_little_more_than_its_floats()
    {
        using var folder = new TestFolder();
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        const int Entries = 21_000;
        var vector = TestVectors.Vector(1, 768);
        Truncation.Normalize(vector);
        for (var start = 0; start < Entries; start += 1000)
            cache.Store([.. Enumerable.Range(start, 1000).Select(i => (MatryoshkaCache.Key("f", EmbeddingRole.Document, $"{i}"), (ReadOnlyMemory<float>)vector))]);
        Assert.Equal(Entries, cache.Count);
        Assert.InRange(cache.Bytes / (double)Entries, 2880, 3050);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(768)]
    public void Every_bit_of_a_component_comes_back(int components)
    {
        using var folder = new TestFolder();
        using var cache = MatryoshkaCache.Open(folder.At("c.db"));
        static float Bits(uint bits) => BitConverter.UInt32BitsToSingle(bits);
        // The ends of what is packed, zeros of both signs, what is beyond, and anything at all.
        float[] special = [0, Bits(0x2000_0001), Bits(0xBFFF_FFFF), Bits(0x3FFF_FFFF), 1, -1, 0.5f, Bits(0x2000_0000), Bits(0x8000_0000), Bits(0x1FFF_FFFF), 2, float.Epsilon, 1e30f];
        var random = new Random(components);
        for (var round = 0; round < 200; round++)
        {
            var vector = new float[components];
            for (var i = 0; i < components; i++)
                vector[i] = round % 4 == 0 ? special[random.Next(round < 100 ? 7 : special.Length)] : round % 4 == 1 ? (random.NextSingle() - 0.5f) / 10 : Bits((uint)random.NextInt64(1L << 32));
            var key = MatryoshkaCache.Key("f", EmbeddingRole.Document, $"{round}");
            cache.Store([(key, vector)]);
            var read = cache.Read([key], components)[0]!;
            Assert.Equal(vector.Select(BitConverter.SingleToUInt32Bits), read.Select(BitConverter.SingleToUInt32Bits));
        }
    }

    [Fact]
    public void The_entries_unused_for_longest_give_way_and_the_size_stays_bounded()
    {
        using var folder = new TestFolder();
        var clock = new Clock();
        const long Most = 2 << 20;
        using var cache = MatryoshkaCache.Open(folder.At("c.db"), Most, clock);
        static byte[] Key(int i) => MatryoshkaCache.Key("f", EmbeddingRole.Document, $"{i}");
        byte[][] favourites = [.. Enumerable.Range(0, 20).Select(Key)];
        for (var i = 0; i < 3000; i += 20)
        {
            cache.Store([.. Enumerable.Range(i, 20).Select(n => (Key(n), (ReadOnlyMemory<float>)TestVectors.Vector(n, 768)))]);
            clock.Now += TimeSpan.FromHours(2);
            Assert.DoesNotContain(null, cache.Read(favourites, 768));
            Assert.InRange(cache.Bytes, 1, Most + (Most / 5));
        }
        Assert.InRange(cache.Count, 500, 750);
        Assert.Equal(TestVectors.Vector(2999, 768), cache.Read([Key(2999)], 768)[0]);
        Assert.Null(cache.Read([Key(1500)], 768)[0]);
        Assert.Null(cache.Read([Key(2999)], 256)[0]);
    }

    [Fact]
    public void Vectors_of_several_sizes_share_one_bounded_file()
    {
        using var folder = new TestFolder();
        const long Most = 2 << 20;
        using var cache = MatryoshkaCache.Open(folder.At("c.db"), Most);
        int[] sizes = [64, 3072, 384, 1536];
        for (var i = 0; i < 3000; i += 10)
        {
            var size = sizes[i / 100 % 4];
            cache.Store([.. Enumerable.Range(i, 10).Select(n => (MatryoshkaCache.Key("f", EmbeddingRole.Query, $"{n}"), (ReadOnlyMemory<float>)TestVectors.Vector(n, size)))]);
            Assert.InRange(cache.Bytes, 1, 2 * Most);
        }
        Assert.Equal(TestVectors.Vector(2999, 3072), cache.Read([MatryoshkaCache.Key("f", EmbeddingRole.Query, "2999")], 3072)[0]);
    }

    [Fact]
    public async Task Many_writers_and_readers_share_one_file()
    {
        using var folder = new TestFolder();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            using var cache = MatryoshkaCache.Open(folder.At("c.db"));
            for (var i = 0; i < 25; i++)
            {
                var key = MatryoshkaCache.Key("f", EmbeddingRole.Document, $"{(writer * 13) + i}");
                if (cache.Read([key], 32)[0] is { } found)
                    Assert.Equal(TestVectors.Vector((writer * 13) + i), found);
                cache.Store([(key, TestVectors.Vector((writer * 13) + i))]);
                Assert.Equal(TestVectors.Vector((writer * 13) + i), cache.Read([key], 32)[0]);
            }
        })));
        using var after = MatryoshkaCache.Open(folder.At("c.db"));
        Assert.Equal((3 * 13) + 25, after.Count);
    }

    [Fact]
    public void A_file_that_is_not_a_cache_is_named()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder.At("c.db"), new string('x', 5000));
        Assert.Contains("damaged or not a cache", Assert.Throws<MatryoshkaException>(() => MatryoshkaCache.Open(folder.At("c.db"))).Message, StringComparison.Ordinal);
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.At("d.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE t(x);";
            command.ExecuteNonQuery();
        }
        Assert.Contains("a database of something else", Assert.Throws<MatryoshkaException>(() => MatryoshkaCache.Open(folder.At("d.db"))).Message, StringComparison.Ordinal);
        using (MatryoshkaCache.Open(folder.At("f.db")))
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.At("f.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99;";
            command.ExecuteNonQuery();
        }
        Assert.Contains("has format 99", Assert.Throws<MatryoshkaException>(() => MatryoshkaCache.Open(folder.At("f.db"))).Message, StringComparison.Ordinal);
        Assert.Throws<MatryoshkaException>(() => MatryoshkaCache.Open(folder.At("e.db"), 10));
        Assert.Contains("cannot be opened", Assert.Throws<MatryoshkaException>(() => MatryoshkaCache.Open(folder.At("c.db/inside/f.db"))).Message, StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>Answers full vectors and remembers what it was asked.</summary>
    private sealed class Recording : IEmbeddingGenerator<string, Embedding<float>>
    {
        public List<string> Texts { get; } = [];

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            var texts = values.ToList();
            Texts.AddRange(texts);
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Select(t => new Embedding<float>(Wire.Vector(t)))));
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
