using System.Runtime.InteropServices;
using Matryoshka.Onnx;
using Matryoshka.Onnx.Files;
using Xunit;

namespace Matryoshka.Tests.Onnx;

public class ExternalDataTests
{
    [Fact]
    public async Task Tensors_beside_the_model_are_used_and_hashed()
    {
        using var inside = new SmallModel().Build();
        using var model = new SmallModel();
        WriteExternal(model, "model.onnx_data");
        model.Write("onnx/model.onnx_data", MemoryMarshal.AsBytes<float>(model.Table).ToArray());
        using var expected = OnnxEmbeddingGenerator.Load(inside.Folder);
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        Assert.Equal((await expected.GenerateAsync(["red fish"]))[0].Vector.ToArray(), (await generator.GenerateAsync(["red fish"]))[0].Vector.ToArray());
        var before = generator.Recipe.Weights;
        model.Table[0] += 1;
        File.WriteAllBytes(Path.Combine(model.Folder, "onnx", "model.onnx_data"), MemoryMarshal.AsBytes<float>(model.Table).ToArray());
        using var changed = OnnxEmbeddingGenerator.Load(model.Folder);
        Assert.NotEqual(before, changed.Recipe.Weights);
    }

    [Theory]
    [InlineData("../../secret")]
    [InlineData("../../../../etc/hostname")]
    [InlineData("a/../../../secret")]
    [InlineData("..\\secret")]
    [InlineData("/etc/hostname")]
    [InlineData("C:\\secret")]
    [InlineData("")]
    public void A_place_outside_the_models_folder_is_refused_before_anything_is_opened(string location)
    {
        using var model = new SmallModel();
        WriteExternal(model, location);
        var error = Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder));
        Assert.Contains("outside its own folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using var model = new SmallModel();
        WriteExternal(model, "model.onnx_data");
        Assert.Contains("'model.onnx_data', which is missing", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_may_lead_into_the_caches_blobs_and_nowhere_else()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var model = new SmallModel();
        WriteExternal(model, "model.onnx_data");
        var cache = Path.Combine(model.Folder, "cache", "models--some--model");
        var snapshot = Path.Combine(cache, "snapshots", new string('a', 40));
        Directory.CreateDirectory(Path.Combine(cache, "blobs"));
        foreach (var file in Directory.EnumerateFiles(model.Folder, "*", SearchOption.AllDirectories).ToList())
        {
            var path = Path.GetRelativePath(model.Folder, file);
            var blob = Path.Combine(cache, "blobs", path.Replace('/', '-'));
            File.Copy(file, blob);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(snapshot, path))!);
            File.CreateSymbolicLink(Path.Combine(snapshot, path), Path.GetRelativePath(Path.GetDirectoryName(Path.Combine(snapshot, path))!, blob));
        }
        var data = Path.Combine(snapshot, "onnx", "model.onnx_data");
        var bytes = MemoryMarshal.AsBytes<float>(model.Table).ToArray();
        File.WriteAllBytes(Path.Combine(cache, "blobs", "data"), bytes);
        File.CreateSymbolicLink(data, "../../../blobs/data");
        using (var generator = OnnxEmbeddingGenerator.Load(snapshot))
        {
            Assert.Equal("some/model", generator.Recipe.Name);
            Assert.Single(await generator.GenerateAsync(["red"]));
        }

        var outside = Path.Combine(model.Folder, "cache", "outside");
        File.WriteAllBytes(outside, bytes);
        File.Delete(data);
        File.CreateSymbolicLink(data, outside);
        Assert.Contains("outside", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(snapshot)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_file_cut_or_damaged_anywhere_is_refused_or_read_but_never_breaks()
    {
        using var model = new SmallModel();
        WriteExternal(model, "model.onnx_data");
        var path = Path.Combine(model.Folder, "onnx", "model.onnx");
        var bytes = File.ReadAllBytes(path);
        Assert.Equal(["model.onnx_data"], OnnxFileScan.ExternalLocations(path));
        for (var i = 0; i < 2 * bytes.Length; i++)
        {
            var damaged = i < bytes.Length ? bytes[..i] : (byte[])bytes.Clone();
            if (i >= bytes.Length)
                damaged[i - bytes.Length] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(path, damaged);
            try
            {
                Assert.InRange(OnnxFileScan.ExternalLocations(path).Count, 0, 1);
            }
            catch (InvalidFormatException error)
            {
                Assert.Contains("model.onnx", error.Message, StringComparison.Ordinal);
            }
        }
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder));
        File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1");
        Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder));
    }

    private static void WriteExternal(SmallModel model, string location)
    {
        var graph = new OnnxGraph();
        graph.Node("Gather", [graph.External(location, SmallModel.Words.Length, model.Size), graph.Input("input_ids", OnnxGraph.Int64, -1, -1)], "last_hidden_state");
        graph.Input("attention_mask", OnnxGraph.Int64, -1, -1);
        graph.Output("last_hidden_state", OnnxGraph.Float, -1, -1, model.Size);
        model.Write("onnx/model.onnx", graph.Build());
    }
}
