using System.Text.Json;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class CollectionCommandsTests(SampleStore sample) : IClassFixture<SampleStore>
{
    [Fact]
    public async Task Similar_records_come_without_the_record_itself()
    {
        var run = (await CliRun.Of("similar", "bread.md#0", "-c", sample.Path, "-k", "2")).Expect(0);
        Assert.Equal(2, run.Lines.Length);
        Assert.Equal("bread.md#1", run.Lines[0].Split('\t')[3]);
        var json = (await CliRun.Of("similar", "bread.md#0", "-c", sample.Path, "--json", "--dims", "64")).Expect(0).Json;
        Assert.Equal(JsonValueKind.Null, json.GetProperty("query").ValueKind);
        Assert.Equal(64, json.GetProperty("hits")[0].GetProperty("scoreDimensions").GetInt32());
        Assert.DoesNotContain(json.GetProperty("hits").EnumerateArray(), hit => hit.GetProperty("key").GetString() == "bread.md#0");
    }

    [Fact]
    public async Task A_record_is_shown_as_it_is_stored()
    {
        var plain = (await CliRun.Of("get", "stars.md#1", "-c", sample.Path)).Expect(0);
        Assert.Contains("key\tstars.md#1\n", plain.Out, StringComparison.Ordinal);
        Assert.Contains("metadata\t{\"year\":2018}\n", plain.Out, StringComparison.Ordinal);
        Assert.Contains("Galileo", plain.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("vector", plain.Out, StringComparison.Ordinal);
        var json = (await CliRun.Of("get", "stars.md#1", "-c", sample.Path, "--json")).Expect(0).Json;
        Assert.Equal("stars.md", json.GetProperty("source").GetString());
        Assert.Equal(6, json.GetProperty("position").GetProperty("line").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("vector").ValueKind);
        var vector = (await CliRun.Of("get", "stars.md#1", "-c", sample.Path, "--json", "--vector")).Expect(0).Json.GetProperty("vector").EnumerateArray().Select(x => x.GetDouble()).ToArray();
        Assert.Equal(512, vector.Length);
        Assert.Equal(1, vector.Sum(x => x * x), 3);
    }

    [Fact]
    public async Task A_missing_record_fails_by_name()
    {
        Assert.Contains("'no such'", (await CliRun.Of("get", "no such", "-c", sample.Path)).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("'no such'", (await CliRun.Of("similar", "no such", "-c", sample.Path)).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_tells_rows_planes_and_bytes()
    {
        var json = (await CliRun.Of("info", "-c", sample.Path, "--json")).Expect(0).Json;
        Assert.Equal(SampleStore.Count, json.GetProperty("records").GetInt64());
        Assert.Equal(ModelCatalogue.DefaultModel, json.GetProperty("recipe").GetProperty("name").GetString());
        Assert.StartsWith("mrl1:", json.GetProperty("fingerprint").GetString(), StringComparison.Ordinal);
        Assert.Equal("f16", json.GetProperty("fullPrecision").GetString());
        Assert.Equal("int8:full bound > f16:full", json.GetProperty("defaultPlan").GetString());
        Assert.True(json.GetProperty("bytes").GetInt64() >= json.GetProperty("catalogBytes").GetInt64());
        Assert.True(json.GetProperty("planes").ValueKind == JsonValueKind.Array && json.GetProperty("segments").ValueKind == JsonValueKind.Array);
        var plain = (await CliRun.Of("info", "-c", sample.Path)).Expect(0);
        Assert.Contains("records\t7\n", plain.Out, StringComparison.Ordinal);
        Assert.Contains(plain.Lines, line => line.StartsWith("plane\tcatalog\t", StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', plain.Out);
        Assert.Contains("█", (await CliRun.OnTerminal("info", "-c", sample.Path)).Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sound_collection_verifies()
    {
        var run = (await CliRun.Of("verify", "-c", sample.Path)).Expect(0);
        Assert.Empty(run.Out);
        Assert.Contains("sound", run.Error, StringComparison.Ordinal);
        var json = (await CliRun.Of("verify", "-c", sample.Path, "--json")).Expect(0).Json;
        Assert.True(json.GetProperty("sound").GetBoolean());
        Assert.Equal(0, json.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public async Task A_flipped_byte_fails_verification_and_is_named()
    {
        using var folder = new TestFolder();
        var path = folder.At("damaged.mrl");
        using (var collection = Collection.Create(path, TestVectors.Options()))
        {
            await collection.UpsertAsync(Enumerable.Range(0, 100).Select(i => TestVectors.Record($"k{i}", i)));
            await collection.CompactAsync();
        }
        var segment = Assert.Single(Directory.GetFiles(Path.Join(path, "segments")));
        var bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(segment, bytes);
        var run = await CliRun.Of("verify", "-c", path);
        Assert.Equal(1, run.Code);
        Assert.Contains(run.Lines, line => line.StartsWith("problem\t", StringComparison.Ordinal) && line.Contains(Path.GetFileName(segment), StringComparison.Ordinal));
        Assert.DoesNotContain("{", run.Out, StringComparison.Ordinal);
        var json = await CliRun.Of("verify", "-c", path, "--json");
        Assert.Equal(1, json.Code);
        Assert.False(json.Json.GetProperty("sound").GetBoolean());
        Assert.True(json.Json.GetProperty("problems").GetArrayLength() > 0);
    }

    [Fact]
    public async Task Records_are_deleted_by_key_filter_and_source_and_compacted_away()
    {
        using var folder = new TestFolder();
        var path = folder.At("d.mrl");
        using (var collection = Collection.Create(path, TestVectors.Options()))
        {
            await collection.UpsertAsync(Enumerable.Range(0, 40).Select(i => TestVectors.Record($"k{i}", i, metadata: new() { ["n"] = i }, source: i < 30 ? "a" : "b")));
            await collection.CompactAsync();
        }
        Assert.Equal(2, (await CliRun.Of("delete", "k0", "k1", "unknown", "-c", path, "--json")).Expect(0).Json.GetProperty("deleted").GetInt32());
        var asked = (await CliRun.Of("delete", "--filter", "n < 10", "-c", path)).Expect(2);
        Assert.Contains("--yes", asked.Error, StringComparison.Ordinal);
        Assert.Contains("Removed 8 records.", (await CliRun.Of("delete", "--filter", "n < 10", "--yes", "-c", path)).Expect(0).Error, StringComparison.Ordinal);
        Assert.Contains("Removed 10 records.", (await CliRun.Of("delete", "--source", "b", "-y", "-c", path)).Expect(0).Error, StringComparison.Ordinal);
        var json = (await CliRun.Of("compact", "-c", path, "--json")).Expect(0).Json;
        Assert.Equal(20, json.GetProperty("rows").GetInt64());
        Assert.Equal(1, json.GetProperty("segmentsAfter").GetInt32());
        Assert.True(json.GetProperty("bytesAfter").GetInt64() <= json.GetProperty("bytesBefore").GetInt64());
        Assert.Equal(20, (await CliRun.Of("info", "-c", path, "--json")).Expect(0).Json.GetProperty("records").GetInt64());
    }

    [Fact]
    public async Task A_collection_of_a_model_this_build_cannot_run_says_what_can_be_done()
    {
        using var folder = new TestFolder();
        using (Collection.Create(folder.At("other.mrl"), TestVectors.Options()))
        {
        }
        var run = (await CliRun.Of("search", "x", "-c", folder.At("other.mrl"))).Expect(1);
        Assert.Contains("test/vectors", run.Error, StringComparison.Ordinal);
        Assert.Contains("--model DIR", run.Error, StringComparison.Ordinal);
        Assert.Contains("similar", run.Error, StringComparison.Ordinal);
    }
}
