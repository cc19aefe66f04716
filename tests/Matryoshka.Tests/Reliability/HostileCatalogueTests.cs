using System.Text.Json.Nodes;
using Matryoshka.Storage;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Matryoshka.Tests.Reliability;

/// <summary>Whatever the folder holds, a user sees this library's errors and no others, and a verification that can begin names the damage.</summary>
public sealed class HostileCatalogueTests(HostileCatalogueTests.Prepared prepared) : IClassFixture<HostileCatalogueTests.Prepared>, IDisposable
{
    private const int Sealed = 1024;

    private readonly FastFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Damages that an open does not see but a verification must.</summary>
    public static TheoryData<string, string> Seen => new()
    {
        { "a segment that escapes the folder", "UPDATE segments SET file = '../../x'" },
        { "a segment of an absolute name", "UPDATE segments SET file = '/etc/passwd'" },
        { "a segment that is a folder", "UPDATE segments SET file = '.'" },
        { "a segment without a name", "UPDATE segments SET file = ''" },
        { "a segment that is not there", "UPDATE segments SET file = '1-2-abcdef.mrs'" },
        { "a segment with too many rows", "UPDATE segments SET rows = rows + 1" },
        { "a segment with a negative number of rows", "UPDATE segments SET rows = -1" },
        { "a segment whose rows are text", "UPDATE segments SET rows = 'many'" },
        { "a segment with another first id", "UPDATE segments SET first_id = first_id + 1" },
        { "a segment with another last id", "UPDATE segments SET last_id = 9223372036854775807" },
        { "lists that escape the folder", "UPDATE segments SET lists = '../../x.mri'" },
        { "lists that are not there", "UPDATE segments SET lists = '1-2-abcdef.mri'" },
        { "lists that are a segment", "UPDATE segments SET lists = file" },
        { "lists without a name", "UPDATE segments SET lists = ''" },
        { "a segment row lost", "DELETE FROM segments" },
        { "a mark of death lost", "DELETE FROM deleted WHERE id = 2" },
        { "a living row marked dead", "INSERT INTO deleted(id) SELECT max(id) FROM records WHERE id <= 1000" },
        { "a mark of death for nothing", "INSERT INTO deleted(id) VALUES (-5)" },
        { "a record lost", "DELETE FROM records WHERE id = 700" },
        { "a pending record lost", "DELETE FROM records WHERE id = (SELECT max(id) FROM records)" },
        { "a pending vector lost", "DELETE FROM pending WHERE id = (SELECT max(id) FROM pending)" },
        { "a pending vector without a record", "INSERT INTO pending(id, vector) SELECT max(id) + 9, max(vector) FROM pending" },
        { "a pending vector of NaN", "UPDATE pending SET vector = (SELECT unhex(replace(hex(zeroblob(length(vector) / 2)), '00', '007E')))" },
        { "a pending vector of infinity", "UPDATE pending SET vector = (SELECT unhex(replace(hex(zeroblob(length(vector) / 2)), '00', '007C')))" },
        { "a pending vector of zeros", "UPDATE pending SET vector = zeroblob(length(vector))" },
        { "a short pending vector", "UPDATE pending SET vector = substr(vector, 1, 7)" },
        { "a long pending vector", "UPDATE pending SET vector = zeroblob(length(vector) * 1000)" },
        { "an empty pending vector", "UPDATE pending SET vector = x''" },
        { "a pending vector of text", "UPDATE pending SET vector = 'vector'" },
        { "a pending vector that is a number", "UPDATE pending SET vector = 3.5" },
        { "metadata that is not JSON", "UPDATE records SET metadata = '{\"a\":' WHERE id = (SELECT max(id) FROM records)" },
        { "metadata that is an array", "UPDATE records SET metadata = '[1]' WHERE id = (SELECT max(id) FROM records)" },
        { "metadata that is a blob", "UPDATE records SET metadata = x'00ff00ff' WHERE id = 700" },
        { "metadata that is a number", "UPDATE records SET metadata = 5 WHERE id = 700" },
        { "a position that is not JSON", "UPDATE records SET position = 'page 5' WHERE id = 700" },
        { "the keyword index emptied", "DELETE FROM keywords" },
        { "the table of pending vectors gone", "DROP TABLE pending" },
        { "the table of segments gone", "DROP TABLE segments" },
        { "the table of deletions gone", "DROP TABLE deleted" },
        { "the table of records gone", "DROP TABLE records" },
        { "the keyword index gone", "DROP TABLE keywords" },
        { "the keyword index another table", "DROP TABLE keywords; CREATE TABLE keywords(text)" },
        { "a column gone", "ALTER TABLE records RENAME COLUMN text TO texte" },
        { "the parts of the keyword index gone", "DELETE FROM keywords_data" },
    };

    /// <summary>Damages that an open must refuse.</summary>
    public static TheoryData<string, string, Type> Refused => new()
    {
        { "another application", "PRAGMA application_id = 1", typeof(CorruptFileException) },
        { "version 0", "PRAGMA user_version = 0", typeof(FormatTooOldException) },
        { "version 1", "PRAGMA user_version = 1", typeof(FormatTooOldException) },
        { "version 2", "PRAGMA user_version = 2", typeof(FormatTooOldException) },
        { "version 4", "PRAGMA user_version = 4", typeof(FormatTooNewException) },
        { "a negative version", "PRAGMA user_version = -7", typeof(FormatTooOldException) },
        { "no settings", "DELETE FROM meta", typeof(CorruptFileException) },
        { "no table of settings", "DROP TABLE meta", typeof(MatryoshkaException) },
        { "no recipe", "DELETE FROM meta WHERE name = 'recipe'", typeof(CorruptFileException) },
        { "a recipe that is not JSON", "UPDATE meta SET value = 'gte' WHERE name = 'recipe'", typeof(InvalidFormatException) },
        { "a recipe that is a blob", "UPDATE meta SET value = x'7b7d' WHERE name = 'recipe'", typeof(CorruptFileException) },
        { "another recipe", "UPDATE meta SET value = replace(value, 'test/seeded', 'test/other') WHERE name = 'recipe'", typeof(CorruptFileException) },
        { "another fingerprint", "UPDATE meta SET value = 'mrl1:00' WHERE name = 'fingerprint'", typeof(CorruptFileException) },
        { "an unknown precision", "UPDATE meta SET value = 8 WHERE name = 'full_precision'", typeof(CorruptFileException) },
        { "a precision of text", "UPDATE meta SET value = 'f16' WHERE name = 'full_precision'", typeof(CorruptFileException) },
        { "a collection id that is none", "UPDATE meta SET value = 'mine' WHERE name = 'collection_id'", typeof(CorruptFileException) },
        { "no generation", "DELETE FROM meta WHERE name = 'generation'", typeof(CorruptFileException) },
        { "a generation of text", "UPDATE meta SET value = 'first' WHERE name = 'generation'", typeof(CorruptFileException) },
        { "a null generation", "UPDATE meta SET value = NULL WHERE name = 'generation'", typeof(CorruptFileException) },
    };

    [Theory]
    [MemberData(nameof(Seen))]
    public async Task What_an_open_does_not_see_a_verification_names(string damage, string sql)
    {
        var directory = Damaged(sql);
        using (var collection = Collection.Open(directory, SeededVectors.Open))
            Assert.True((await collection.VerifyAsync()).Count > 0, damage);
        await ExerciseAsync(directory, damage);
        Assert.Equal(directory, Assert.Single(Directory.EnumerateFileSystemEntries(folder.Path)));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_a_catalogue_of_ours_is_refused(string damage, string sql, Type expected)
    {
        var directory = Damaged(sql);
        var error = Assert.ThrowsAny<MatryoshkaException>(() => Collection.Open(directory, SeededVectors.Open));
        Assert.True(expected.IsInstanceOfType(error), $"{damage}: {error}");
    }

    [Fact]
    public async Task Another_collections_segment_a_missing_one_and_a_cut_one_are_named()
    {
        var other = folder.At("other");
        await Prepared.FillAsync(other);
        var directory = folder.CopyOf(prepared.Directory);
        var segment = Assert.Single(Directory.GetFiles(new StorePaths(directory).Segments));
        File.Copy(Assert.Single(Directory.GetFiles(new StorePaths(other).Segments)), segment, overwrite: true);
        await NamedAsync("the collection's id");
        File.Delete(segment);
        await NamedAsync("missing");
        File.WriteAllBytes(segment, [1, 2, 3]);
        await NamedAsync("length");

        async Task NamedAsync(string words)
        {
            using (var collection = Collection.Open(directory, SeededVectors.Open))
            {
                Assert.Contains(await collection.VerifyAsync(), problem => problem.Contains(words, StringComparison.Ordinal) && problem.Contains(segment, StringComparison.Ordinal));
                await Assert.ThrowsAsync<CorruptFileException>(() => collection.SearchAsync(SeededVectors.Of(1)));
                Assert.NotNull(await collection.GetAsync("k700")); // what needs no vector goes on
            }
            await ExerciseAsync(directory, words);
        }
    }

    [Fact]
    public async Task A_damaged_segment_is_never_merged_into_a_sound_one()
    {
        var directory = folder.CopyOf(prepared.Directory);
        var segment = Assert.Single(Directory.GetFiles(new StorePaths(directory).Segments));
        var bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 3] ^= 1;
        File.WriteAllBytes(segment, bytes);
        using var collection = Collection.Open(directory, SeededVectors.Open);
        var before = await collection.VerifyAsync();
        Assert.NotEmpty(before);
        var error = await Assert.ThrowsAsync<MatryoshkaException>(() => collection.CompactAsync());
        Assert.Contains(Path.GetFileName(segment), error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await collection.VerifyAsync());
        await collection.UpsertAsync(Operation.Versioned("still written", 1));
    }

    [Fact]
    public void Files_that_are_no_database_are_refused()
    {
        var whole = File.ReadAllBytes(new StorePaths(prepared.Directory).Catalog);
        foreach (var bytes in new[] { [], "not a database at all"u8.ToArray(), new byte[5000], [.. Enumerable.Repeat((byte)255, 100_000)], [.. whole[..16]], [.. whole.Reverse()] })
        {
            var directory = folder.CopyOf(prepared.Directory);
            File.WriteAllBytes(new StorePaths(directory).Catalog, bytes);
            Assert.ThrowsAny<MatryoshkaException>(() => Collection.Open(directory, SeededVectors.Open).Dispose());
        }
        var another = folder.CopyOf(prepared.Directory);
        File.Delete(new StorePaths(another).Catalog);
        using (var connection = Connect(new StorePaths(another).Catalog))
            Execute(connection, "CREATE TABLE records(id INTEGER PRIMARY KEY, text)");
        Assert.Throws<CorruptFileException>(() => Collection.Open(another, SeededVectors.Open));
        using (var connection = Connect(new StorePaths(another).Catalog))
            Execute(connection, $"PRAGMA application_id = {CatalogSchema.ApplicationId}; PRAGMA user_version = {CatalogSchema.Version}");
        Assert.ThrowsAny<MatryoshkaException>(() => Collection.Open(another, SeededVectors.Open));
    }

    [Fact]
    public async Task A_catalogue_cut_at_any_length_gives_only_our_errors()
    {
        var whole = File.ReadAllBytes(new StorePaths(prepared.Directory).Catalog);
        var random = new Random(1);
        foreach (var length in Enumerable.Range(0, 25).Select(_ => random.Next(whole.Length)).Concat([1, 15, 16, 99, 100, 4095, 4096, 4097, whole.Length - 1]))
            await MangledAsync(whole[..length], $"cut at {length}", seals: length % 8 == 0);
    }

    [Fact]
    public async Task A_catalogue_with_flipped_bytes_gives_only_our_errors()
    {
        var whole = File.ReadAllBytes(new StorePaths(prepared.Directory).Catalog);
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var bytes = whole.ToArray();
            // Page headers and cell pointers stand first on their pages and decide the most.
            for (var flips = 1 << random.Next(6); flips > 0; flips--)
                bytes[random.Next(2) == 0 ? random.Next(bytes.Length) : random.Next(bytes.Length / 4096) * 4096 + random.Next(150)] = (byte)random.Next(256);
            await MangledAsync(bytes, $"flipped with seed {seed}", seals: seed % 8 == 0);
        }
    }

    private async Task MangledAsync(byte[] catalog, string context, bool seals)
    {
        var directory = folder.CopyOf(prepared.Directory);
        File.WriteAllBytes(new StorePaths(directory).Catalog, catalog);
        await ExerciseAsync(directory, context, seals);
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Does everything a user can do; only this library's errors may come out.</summary>
    private static async Task ExerciseAsync(string directory, string context, bool seals = true)
    {
        Collection? collection = null;
        await TryAsync(() =>
        {
            collection = Collection.Open(directory, SeededVectors.Open);
            return Task.CompletedTask;
        });
        if (collection is null)
            return;
        using var opened = collection;
        var query = SeededVectors.Of(7);
        await TryAsync(() => collection.GetAsync("k700", includeVector: true));
        await TryAsync(() => collection.CountAsync(Filter.Parse("version >= 0")));
        await TryAsync(async () =>
        {
            await foreach (var record in collection.ListAsync(includeVectors: true))
                Assert.NotNull(record.Key);
        });
        await TryAsync(() => collection.SearchAsync(query, new() { IncludeVectors = true }));
        await TryAsync(() => collection.SearchAsync(query, new() { Dimensions = 8, Filter = Filter.Parse("version = 0") }));
        await TryAsync(() => collection.SearchAsync("text of version", new() { Mode = SearchMode.Hybrid }));
        await TryAsync(() => collection.SearchAsync("text of version", new() { Mode = SearchMode.Keyword, Filter = Filter.Parse("version = 0") }));
        await TryAsync(() => collection.SimilarAsync("k5"));
        await TryAsync(() => Task.FromResult(collection.GetInfo()));
        await TryAsync(() => collection.VerifyAsync());
        await TryAsync(() => collection.UpsertAsync(Operation.Records(690, 20, 5)));
        await TryAsync(() => collection.DeleteAsync(["k695", "k1030"]));
        await TryAsync(() => collection.CompleteSourcesAsync([new("s", "2", new HashSet<string> { "k701" })]));
        if (seals)
            await TryAsync(() => collection.UpsertAsync(Operation.Records(0, Sealed, 6), new() { BatchSize = 4096 }));
        await TryAsync(() => collection.CompactAsync());

        async Task TryAsync(Func<Task> action)
        {
            try
            {
                await action();
            }
            catch (MatryoshkaException)
            {
            }
            catch (Exception error)
            {
                Assert.Fail($"{context}: {error}");
            }
        }
    }

    private string Damaged(string sql)
    {
        var directory = folder.CopyOf(prepared.Directory);
        using var connection = Connect(new StorePaths(directory).Catalog);
        Execute(connection, sql);
        return directory;
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own damages.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>A collection with a segment, dead rows, waiting vectors, metadata, positions and a source; the tests damage copies.</summary>
    public sealed class Prepared : IAsyncLifetime
    {
        private readonly FastFolder folder = new();

        internal string Directory => folder.At("prepared");

        public async ValueTask InitializeAsync() => await FillAsync(Directory);

        public ValueTask DisposeAsync()
        {
            folder.Dispose();
            return ValueTask.CompletedTask;
        }

        internal static async Task FillAsync(string directory)
        {
            using var collection = Collection.Create(directory, SeededVectors.Create);
            await collection.UpsertAsync([.. Operation.Records(0, Sealed - 8), .. Operation.Records(2000, 8, 0, "s")], new() { BatchSize = 4096 });
            await collection.DeleteAsync(["k1", "k5"]);
            await collection.UpsertAsync([Operation.Versioned("k5", 1, "s") with { Position = new JsonObject { ["page"] = 3 } }, .. Operation.Records(1030, 6)]);
            await collection.CompleteSourcesAsync([new("s", "1", Enumerable.Range(2000, 8).Select(i => $"k{i}").Append("k5").ToHashSet())]);
        }
    }
}
