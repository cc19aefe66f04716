using System.Runtime.InteropServices;
using System.Text.Json;
using Matryoshka.Cli.Files;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class EmbedCommandTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_text_becomes_one_line_of_numbers()
    {
        var run = (await CliRun.Of("embed", "hello", "world", "--dims", "64")).Expect(0);
        var vector = JsonSerializer.Deserialize<float[]>(Assert.Single(run.Lines))!;
        Assert.Equal(64, vector.Length);
        Assert.Equal(1, vector.Sum(x => x * x), 4);
    }

    [Fact]
    public async Task Json_has_the_documented_fields()
    {
        var json = (await CliRun.WithInput("one\ntwo\n", "embed", "--json", "--role", "query", "--dims", "32")).Expect(0).Json;
        Assert.Equal(ModelCatalogue.DefaultModel, json.GetProperty("model").GetString());
        Assert.StartsWith("mrl1:", json.GetProperty("fingerprint").GetString(), StringComparison.Ordinal);
        Assert.Equal("query", json.GetProperty("role").GetString());
        Assert.Equal((32, 2), (json.GetProperty("dimensions").GetInt32(), json.GetProperty("rows").GetInt32()));
        Assert.Equal("two", json.GetProperty("vectors")[1].GetProperty("text").GetString());
        Assert.Equal(32, json.GetProperty("vectors")[1].GetProperty("vector").GetArrayLength());
    }

    [Fact]
    public async Task An_array_file_holds_what_the_screen_shows()
    {
        var texts = Enumerable.Range(0, 1500).Select(i => $"sentence number {i}").ToArray();
        var input = folder.At("texts.txt");
        File.WriteAllText(input, string.Join("\r\n", texts));
        var json = (await CliRun.Of("embed", "-f", input, "-o", folder.At("x.npy"), "--json")).Expect(0).Json;
        Assert.Equal(1500, json.GetProperty("rows").GetInt32());
        Assert.Equal(folder.At("x.npy"), json.GetProperty("output").GetString());
        using var file = VectorFile.Open(folder.At("x.npy"), null);
        Assert.Equal((1500L, 512), (file.Rows, file.Dimensions));
        var expected = await StaticEmbeddingGenerator.Default().GenerateAsync([texts[1400]]);
        Assert.Equal(expected[0].Vector.ToArray(), file.Read().ElementAt(1400).Vector);
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], File.ReadAllBytes(folder.At("x.npy"))[..8]);
    }

    [Fact]
    public async Task Raw_and_json_files_hold_the_same_numbers()
    {
        (await CliRun.WithInput("alpha\nbeta\n", "embed", "-o", folder.At("x.f32"), "--dims", "128")).Expect(0);
        (await CliRun.WithInput("alpha\nbeta\n", "embed", "-o", folder.At("x.jsonl"), "--dims", "128")).Expect(0);
        var raw = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(folder.At("x.f32"))).ToArray();
        Assert.Equal(256, raw.Length);
        using var json = VectorFile.Open(folder.At("x.jsonl"), null);
        var rows = json.Read().ToArray();
        Assert.Equal(["alpha", "beta"], rows.Select(row => row.Text));
        Assert.Equal(raw, rows.SelectMany(row => row.Vector!));
    }

    [Fact]
    public async Task What_is_embedded_can_be_imported()
    {
        var texts = folder.At("t.jsonl");
        File.WriteAllText(texts, """
            {"id": "a", "text": "how to bake bread"}
            {"id": "b", "text": "the moons of Jupiter"}
            """);
        (await CliRun.Of("embed", "-f", texts, "-o", folder.At("t.npy"))).Expect(0);
        (await CliRun.Of("import", folder.At("t.npy"), "--keys", texts, "--model", ModelCatalogue.DefaultModel, "-c", folder.At("c"))).Expect(0);
        Assert.Equal("b", (await CliRun.Of("similar", "a", "-c", folder.At("c"))).Expect(0).Lines[0].Split('\t')[3]);
    }

    [Fact]
    public async Task An_empty_line_is_an_error_and_leaves_no_file()
    {
        var run = (await CliRun.WithInput("one\n\nthree\n", "embed", "-o", folder.At("x.npy"))).Expect(1);
        Assert.Contains("Line 2", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task No_texts_is_an_error_and_a_folder_no_target()
    {
        (await CliRun.WithInput("", "embed", "-o", folder.At("x.npy"))).Expect(1);
        Directory.CreateDirectory(folder.At("d.npy"));
        Assert.Contains("is a folder", (await CliRun.Of("embed", "x", "-o", folder.At("d.npy"))).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be written", (await CliRun.Of("embed", "x", "-o", folder.At("no/such/x.npy"))).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_cannot_be_had_says_what_to_do()
    {
        Assert.Contains("'mrl pull thenlper/gte-base'", (await CliRun.Of("embed", "x", "--model", "thenlper/gte-base")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("--endpoint", (await CliRun.Of("embed", "x", "--model", "thenlper/gte-base", "--endpoint", "http://localhost:1")).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("--recipe", (await CliRun.Of("embed", "x", "--model", "compatible:unheard-of", "--endpoint", "http://localhost:1")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("MATRYOSHKA_TEST_NO_SUCH_KEY", (await CliRun.Of("embed", "x", "--model", "text-embedding-3-small", "--key-variable", "MATRYOSHKA_TEST_NO_SUCH_KEY")).Expect(1).Error, StringComparison.Ordinal);
    }
}
