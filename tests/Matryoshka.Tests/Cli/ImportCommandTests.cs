using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class ImportCommandTests : IDisposable
{
    private const int Columns = 32;

    private readonly TestFolder folder = new();

    private string Target => folder.At("c.mrl");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("<f4", 1)]
    [InlineData("<f2", 2)]
    [InlineData("<f8", 3)]
    public async Task An_array_of_each_width_and_version_gives_the_same_vectors(string type, byte version)
    {
        var npy = Npy("x.npy", version, $"{{'descr': '{type}', 'fortran_order': False, 'shape': (5, {Columns}), }}", Data(type, 5));
        var run = (await CliRun.Of("import", npy, "--dims", "8,16,32", "--name", "mine", "-c", Target, "--json")).Expect(0);
        Assert.Equal((5, 5, 0), (run.Json.GetProperty("rows").GetInt32(), run.Json.GetProperty("stored").GetInt32(), run.Json.GetProperty("failed").GetInt32()));
        using var collection = Collection.Open(Target);
        Assert.Equal("mine", collection.Recipe.Name);
        Assert.Equal(NestedDimensions.Trained(8, 16, 32), collection.Recipe.Dimensions);
        for (var row = 0; row < 5; row++)
        {
            var record = await collection.GetAsync($"{row}", includeVector: true);
            Assert.Equal("x.npy", record!.Source);
            Assert.True(Reliability.Model.Cosine(record.Vector!.Value.Span, TestVectors.Vector(row), Columns) > 0.9999);
        }
    }

    [Fact]
    public async Task Raw_floats_take_their_shape_from_the_name_and_their_keys_from_a_file()
    {
        var raw = Raw("x.6x32.f32", 6);
        var keys = File("keys.jsonl", Enumerable.Range(0, 6).Select(i => $$"""{"id": "id-{{i}}", "text": "text {{i}}", "metadata": {"n": {{i}} } }"""));
        (await CliRun.Of("import", raw, "--keys", keys, "--any-prefix", "--f32", "-c", Target)).Expect(0);
        using var collection = Collection.Open(Target);
        Assert.Equal(Precision.F32, collection.GetInfo().FullPrecision);
        Assert.Equal("x", collection.Recipe.Name);
        Assert.Equal(NestingKind.AnyPrefix, collection.Recipe.Dimensions.Kind);
        var record = await collection.GetAsync("id-3");
        Assert.Equal("text 3", record!.Text);
        Assert.Equal(3, record.Metadata!["n"]!.GetValue<int>());
    }

    [Fact]
    public async Task Json_lines_bring_keys_texts_and_metadata()
    {
        var path = File("rows.jsonl", Enumerable.Range(0, 4).Select(i =>
            $$"""{"_id": {{i + 10}}, "text": "wörd {{i}}", "metadata": {"lang": "en"}, "{{(i % 2 == 0 ? "vector" : "embedding")}}": [{{string.Join(",", TestVectors.Vector(i).Select(x => x.ToString("R", null)))}}]}"""));
        (await CliRun.Of("import", path, "--no-nesting", "-c", Target)).Expect(0);
        var found = (await CliRun.Of("search", "wörd", "2", "--keyword", "-c", Target, "--json", "-k", "1")).Expect(0);
        Assert.Contains("wörd 2", found.Out, StringComparison.Ordinal);
        Assert.Equal("12", found.Json.GetProperty("hits")[0].GetProperty("key").GetString());
    }

    [Fact]
    public async Task Zero_vectors_are_reported_and_left_out()
    {
        var data = Data("<f4", 4);
        data.AsSpan(Columns * 4, Columns * 4).Clear();
        var npy = Npy("x.npy", 1, $"{{'descr': '<f4', 'fortran_order': False, 'shape': (4, {Columns}), }}", data);
        var run = (await CliRun.Of("import", npy, "--no-nesting", "-c", Target, "--json")).Expect(0);
        Assert.Equal((3, 1, 3), (run.Json.GetProperty("stored").GetInt32(), run.Json.GetProperty("failed").GetInt32(), run.Json.GetProperty("records").GetInt32()));
        Assert.Contains("row '1' was left out", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Importing_again_changes_nothing_and_repeated_keys_are_counted()
    {
        var raw = Raw("x.6x32.f32", 6);
        var keys = File("keys.txt", ["a", "b", "c", "d", "e", "a"]);
        var first = (await CliRun.Of("import", raw, "--keys", keys, "--no-nesting", "-c", Target, "--json")).Expect(0).Json;
        Assert.Equal((6, 5, 1, 5), (first.GetProperty("rows").GetInt32(), first.GetProperty("stored").GetInt32(), first.GetProperty("repeated").GetInt32(), first.GetProperty("records").GetInt32()));
        var again = (await CliRun.Of("import", raw, "--keys", keys, "-c", Target, "--json")).Expect(0).Json;
        Assert.Equal(5, again.GetProperty("records").GetInt32());
        Assert.Equal(5, again.GetProperty("unchanged").GetInt32() + again.GetProperty("stored").GetInt32());
    }

    [Fact]
    public async Task Rows_without_keys_do_not_replace_those_of_another_file()
    {
        (await CliRun.Of("import", Raw("x.6x32.f32", 6), "--no-nesting", "-c", Target)).Expect(0);
        var run = (await CliRun.Of("import", Raw("y.6x32.f32", 6), "-c", Target)).Expect(2);
        Assert.Contains("--keys", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_collection_must_be_told_which_prefixes_may_be_used()
    {
        var run = (await CliRun.Of("import", Raw("x.6x32.f32", 6), "-c", Target)).Expect(2);
        Assert.Contains("--no-nesting", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
        var known = (await CliRun.Of("import", Raw("text-embedding-3-small.1x1536.f32", 1, 1536), "-c", Target)).Expect(2);
        Assert.Contains("--model openai/text-embedding-3-small", known.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Say once", "--dims", "8,16,32", "--any-prefix")]
    [InlineData("Say once", "--model", "text-embedding-3-small", "--no-nesting")]
    [InlineData("1536", "--model", "text-embedding-3-small")]
    [InlineData("ends in 16", "--dims", "8,16")]
    [InlineData("ascend", "--dims", "16,8,32")]
    [InlineData("not a list", "--dims", "8;16")]
    [InlineData("not in the catalogue", "--model", "nonsense-model")]
    [InlineData("--name goes with", "--name", "mine")]
    public async Task Contradicting_descriptions_are_wrong_usage(string expected, params string[] options)
    {
        var npy = Npy("x.npy", 1, $"{{'descr': '<f4', 'fortran_order': False, 'shape': (2, {Columns}), }}", Data("<f4", 2));
        var run = (await CliRun.Of(["import", npy, "-c", Target, .. options])).Expect(2);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public async Task Vectors_of_another_length_or_model_are_refused()
    {
        (await CliRun.Of("import", Raw("x.6x32.f32", 6), "--no-nesting", "-c", Target)).Expect(0);
        Assert.Contains("16", (await CliRun.Of("import", Raw("y.6x16.f32", 6, 16), "-c", Target)).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("must not be mixed", (await CliRun.Of("import", Raw("y.6x32.f32", 6), "--no-nesting", "--name", "other", "-c", Target)).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("--f32", (await CliRun.Of("import", Raw("x.6x32.f32", 6), "--f32", "-c", Target)).Expect(2).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.5x32.f32", "its name says 5")]
    [InlineData("x.6x31.f32", "not a whole number of rows")]
    [InlineData("x.f32", "--dims")]
    [InlineData("x.bin", ".npy, .f32, .parquet and .jsonl")]
    public async Task A_raw_file_must_have_the_shape_it_claims(string name, string expected)
    {
        var run = await CliRun.Of("import", Raw(name, 6), "--no-nesting", "-c", Target);
        Assert.True(run.Code is 1 or 2);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_must_be_as_many_as_rows()
    {
        var run = (await CliRun.Of("import", Raw("x.6x32.f32", 6), "--keys", File("keys.txt", ["a", "b"]), "--no-nesting", "-c", Target)).Expect(1);
        Assert.Contains("names 2 rows", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Theory]
    [InlineData("""{"id": 1}""", "no 'vector'")]
    [InlineData("""{"id": 1, "vector": "x"}""", "not an array")]
    [InlineData("""{"id": 1, "vector": [1, null]}""", "component 1")]
    [InlineData("""{"id": 1, "vector": []}""", "0 components")]
    [InlineData("""{"id": [], "vector": [1, 2]}""", "neither a text nor a number")]
    [InlineData("""{"id": 1, "vector": [1, 2], "metadata": 5}""", "'metadata' is not an object")]
    [InlineData("[1, 2]", "not a JSON object")]
    [InlineData("{", "not valid JSON")]
    public async Task A_malformed_line_is_named(string line, string expected)
    {
        var run = (await CliRun.Of("import", File("rows.jsonl", [line]), "--no-nesting", "-c", Target)).Expect(1);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains("Line 1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        Assert.Contains("There is no file", (await CliRun.Of("import", folder.At("none.npy"), "--no-nesting", "-c", Target)).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_import_keeps_what_was_committed_and_says_so()
    {
        const int Rows = 120_000;
        var raw = Raw($"big.{Rows}x8.f32", Rows, 8);
        using var source = new CancellationTokenSource();
        var running = Task.Run(() => CliRun.Cancellable(source.Token, "import", raw, "--no-nesting", "-c", Target));
        while (!running.IsCompleted && !(Collection.Exists(Target) && await Stored() > 0))
            await Task.Delay(5);
        await source.CancelAsync();
        var run = (await running).Expect(130);
        Assert.Contains("interrupted;", run.Error, StringComparison.Ordinal);
        Assert.Contains("stored and stay", run.Error, StringComparison.Ordinal);
        Assert.InRange(await Stored(), 1, Rows - 1);
        (await CliRun.Of("verify", "-c", Target)).Expect(0);
    }

    [Fact]
    public async Task Real_vectors_import_with_their_row_list()
    {
        if (Find("data", "embeddings", "text-embedding-3-large_256.62x256.f32") is not { } path)
            return;
        var keys = Path.Join(Path.GetDirectoryName(path), "text-embedding-3-large_256.jsonl");
        var json = (await CliRun.Of("import", path, "--keys", keys, "--no-nesting", "-c", Target, "--json")).Expect(0).Json;
        Assert.Equal(62, json.GetProperty("rows").GetInt32());
        var near = (await CliRun.Of("similar", "Aladdín", "-c", Target, "--json", "-k", "5")).Expect(0).Json;
        Assert.Equal(5, near.GetProperty("hits").GetArrayLength());
    }

    private async Task<long> Stored()
    {
        try
        {
            using var collection = Collection.Open(Target);
            return await collection.CountAsync();
        }
        catch (MatryoshkaException)
        {
            return 0;
        }
    }

    private static string? Find(params string[] parts)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Path.Join([at.FullName, "shared", .. parts]) is var path && System.IO.File.Exists(path))
                return path;
        return null;
    }

    private string File(string name, IEnumerable<string> lines)
    {
        System.IO.File.WriteAllText(folder.At(name), string.Join('\n', lines) + "\n");
        return folder.At(name);
    }

    private string Raw(string name, int rows, int columns = Columns)
    {
        using var stream = System.IO.File.Create(folder.At(name));
        for (var row = 0; row < rows; row++)
            stream.Write(MemoryMarshal.AsBytes(TestVectors.Vector(row, columns).AsSpan()));
        return folder.At(name);
    }

    private string Npy(string name, byte version, string dictionary, byte[] data)
    {
        System.IO.File.WriteAllBytes(folder.At(name), NpyBytes.Of(version, dictionary, data));
        return folder.At(name);
    }

    private static byte[] Data(string type, int rows)
    {
        var size = type[2] - '0';
        var data = new byte[rows * Columns * size];
        for (var row = 0; row < rows; row++)
            for (var i = 0; i < Columns; i++)
            {
                var x = TestVectors.Vector(row)[i];
                var at = data.AsSpan((row * Columns + i) * size);
                switch (size)
                {
                    case 2:
                        BinaryPrimitives.WriteHalfLittleEndian(at, (Half)x);
                        break;
                    case 4:
                        BinaryPrimitives.WriteSingleLittleEndian(at, x);
                        break;
                    default:
                        BinaryPrimitives.WriteDoubleLittleEndian(at, x);
                        break;
                }
            }
        return data;
    }
}

/// <summary>Builds array files, honest or not.</summary>
internal static class NpyBytes
{
    public static byte[] Of(byte version, string dictionary, byte[] data, uint? claimedLength = null)
    {
        var prefix = version == 1 ? 10 : 12;
        var text = Encoding.UTF8.GetBytes(dictionary);
        var padded = (prefix + text.Length + 1 + 63) / 64 * 64 - prefix;
        var file = new byte[prefix + padded + data.Length];
        ReadOnlySpan<byte> magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', version, 0];
        magic.CopyTo(file);
        if (version == 1)
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)(claimedLength ?? (uint)padded));
        else
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), claimedLength ?? (uint)padded);
        file.AsSpan(prefix, padded).Fill((byte)' ');
        text.CopyTo(file, prefix);
        file[prefix + padded - 1] = (byte)'\n';
        data.CopyTo(file, prefix + padded);
        return file;
    }
}
