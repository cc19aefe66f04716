using Matryoshka.Onnx;
using Microsoft.Extensions.AI;
using Xunit;

namespace Matryoshka.Tests.Onnx;

public class OnnxEmbeddingGeneratorTests
{
    [Fact]
    public async Task A_vector_is_the_mean_of_its_tokens_rows_special_ones_included_scaled_to_length_1()
    {
        using var model = new SmallModel().Build();
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        var vector = (await generator.GenerateAsync(["red fishs"]))[0];
        AssertClose(Unit(Mean(model, SmallModel.Cls, SmallModel.Red, SmallModel.Fish, 9, SmallModel.Sep)), vector.Vector.Span);
        Assert.Equal(generator.Recipe.Name, vector.ModelId);
    }

    [Theory]
    [InlineData("cls_token", SmallModel.Cls)]
    [InlineData("lasttoken", SmallModel.Sep)]
    public async Task Pooling_follows_the_models_own_file(string mode, int token)
    {
        using var model = new SmallModel().Build();
        model.Pool(mode);
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        var vectors = await generator.GenerateAsync(["red", "red green blue fish bird"]);
        Assert.All(vectors, vector => AssertClose(Unit(model.Row(token)), vector.Vector.Span));
    }

    [Fact]
    public async Task Mask_types_and_positions_reach_the_graph()
    {
        using var model = new SmallModel().Build(types: true, positions: true, mask: true);
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxPadding = 1 });
        int[] ids = [SmallModel.Cls, SmallModel.Red, SmallModel.Fish, SmallModel.Sep];
        var expected = new float[4];
        for (var at = 0; at < ids.Length; at++)
            for (var i = 0; i < 4; i++)
                expected[i] += (model.Row(ids[at])[i] + i + at + 1) / ids.Length;
        // Beside a longer text, so that padding is there to be left out.
        var vectors = await generator.GenerateAsync(["red fish", "red green blue fish bird red green"]);
        AssertClose(Unit(expected), vectors[0].Vector.Span);
        Assert.True(generator.Work.Padding > 0);
    }

    [Fact]
    public async Task A_batch_gives_the_same_bits_as_each_text_alone_in_the_order_given()
    {
        using var model = new SmallModel().Build(mask: true);
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxBatchTexts = 7, MaxPadding = 0.5 });
        var random = new Random(3);
        var texts = Enumerable.Range(0, 100).Select(_ => string.Join(' ', Enumerable.Range(0, 1 + random.Next(20)).Select(_ => SmallModel.Words[4 + random.Next(5)]))).ToList();
        var together = await generator.GenerateAsync(texts);
        for (var i = 0; i < texts.Count; i++)
            Assert.Equal((await generator.GenerateAsync([texts[i]]))[0].Vector.ToArray(), together[i].Vector.ToArray());
        Assert.Equal(texts.Sum(text => text.Split(' ').Length + 2), together.Usage!.InputTokenCount);
        Assert.Empty(await generator.GenerateAsync([]));
    }

    [Fact]
    public async Task Nomics_recipe_from_the_catalogue_puts_prompts_before_and_a_layer_norm_between_pooling_and_the_cut()
    {
        using var model = new SmallModel(768).Build();
        model.Write("config.json", """{"model_type":"nomic_bert","n_embd":768}""");
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { Name = "nomic-embed-text" });
        Assert.Equal("nomic-ai/nomic-embed-text-v1.5", generator.Recipe.Name);
        Assert.Equal(PreTruncation.LayerNorm, generator.Recipe.BeforeTruncation);
        foreach (var (role, word) in new[] { (EmbeddingRole.Query, 12), (EmbeddingRole.Document, 13) })
        {
            var mean = Mean(model, SmallModel.Cls, 10, 11, word, 14, SmallModel.Blue, SmallModel.Sep);
            var average = mean.Average();
            var deviation = MathF.Sqrt(mean.Sum(x => (x - average) * (x - average)) / 768 + 1e-5f);
            var expected = Unit([.. mean.Take(256).Select(x => (x - average) / deviation)]);
            var vector = (await generator.GenerateAsync(["blue"], role, new EmbeddingGenerationOptions { Dimensions = 256 }))[0];
            AssertClose(expected, vector.Vector.Span);
        }
        await Assert.ThrowsAsync<DimensionNotAllowedException>(() => generator.GenerateAsync(["blue"], new EmbeddingGenerationOptions { Dimensions = 100 }));
    }

    [Fact]
    public async Task Long_texts_are_cut_and_told_of_or_refused_but_never_cut_in_silence()
    {
        using var model = new SmallModel().Build();
        var told = new List<LongText>();
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxTokens = 4, OnLongText = told.Add });
        var results = await generator.GenerateAsync(["red", "red green blue fish", "red green blue"]);
        AssertClose(Unit(Mean(model, SmallModel.Cls, SmallModel.Red, SmallModel.Green, SmallModel.Sep)), results[1].Vector.Span);
        Assert.Equal([new LongText(1, 6, 4), new LongText(2, 5, 4)], told);
        Assert.Equal(2, generator.TruncatedTexts);
        Assert.Equal(2, results.AdditionalProperties![OnnxEmbeddingGenerator.TruncatedProperty]);
        Assert.Equal(4, generator.Recipe.MaxTokens);

        using var strict = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxTokens = 4, LongTexts = LongTextPolicy.Refuse });
        var error = await Assert.ThrowsAsync<LongTextException>(() => strict.GenerateAsync(["red", "red green blue"]));
        Assert.Contains("Text 1 has 5 tokens, but the model takes 4", error.Message, StringComparison.Ordinal);
        Assert.Null((await strict.GenerateAsync(["red green"])).AdditionalProperties);
    }

    [Fact]
    public void A_limit_is_never_above_the_positions_that_the_model_learnt()
    {
        using var model = new SmallModel().Build();
        using var all = OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxTokens = 5000 });
        Assert.Equal(32, all.Recipe.MaxTokens);
        model.Write("config.json", """{"model_type":"xlm-roberta","max_position_embeddings":34}""");
        model.Write("sentence_bert_config.json", """{"max_seq_length":20}""");
        using var less = OnnxEmbeddingGenerator.Load(model.Folder);
        Assert.Equal(20, less.Recipe.MaxTokens);
        var error = Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxTokens = 2 }));
        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Graphs_of_other_types_and_fixed_shapes_give_the_same_vectors()
    {
        string[] texts = ["red fish", "blue", "green bird fishs red", "bird", "blue red"];
        using var plain = new SmallModel().Build(mask: true);
        using var reference = OnnxEmbeddingGenerator.Load(plain.Folder);
        var expected = await reference.GenerateAsync(texts);
        Func<SmallModel>[] others =
        [
            () => new SmallModel().Build(OnnxGraph.Int32, mask: true),
            () => new SmallModel().Build(mask: true, half: true),
            () => new SmallModel().Build(mask: true, rows: 1),
            () => new SmallModel().Build(mask: true, rows: 3, length: 9),
            () => new SmallModel().Build(mask: true, more: (graph, _) =>
            {
                graph.Input("past_key_values.0.key", OnnxGraph.Float, -1, 2, -1, 8);
                graph.Input("past_key_values.0.value", OnnxGraph.Float16, -1, 2, -1, 8);
            }),
        ];
        foreach (var other in others)
        {
            using var model = other();
            using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
            var vectors = await generator.GenerateAsync(texts);
            for (var i = 0; i < texts.Length; i++)
                AssertClose(expected[i].Vector.Span, vectors[i].Vector.Span, 1e-3f);
        }
    }

    [Fact]
    public async Task Dense_layers_are_taken_from_the_graph_or_the_model_is_refused()
    {
        using var model = new SmallModel().Build();
        model.Write("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":""},{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"},{"type":"sentence_transformers.models.Dense","path":"2_Dense"}]""");
        Assert.Contains("dense layers", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder)).Message, StringComparison.Ordinal);
        model.Build(more: (graph, states) =>
        {
            graph.Node("ReduceMax", [states], "sentence_embedding", ("axes", new[] { 1 }), ("keepdims", 0));
            graph.Output("sentence_embedding", OnnxGraph.Float, -1, model.Size);
        });
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        var rows = new[] { SmallModel.Cls, SmallModel.Red, SmallModel.Sep }.Select(model.Row).ToList();
        var vector = (await generator.GenerateAsync(["red"]))[0];
        AssertClose(Unit([.. Enumerable.Range(0, 4).Select(i => rows.Max(row => row[i]))]), vector.Vector.Span);
        model.Write("modules.json", """[{"type":"sentence_transformers.models.WeightedLayerPooling","path":""}]""");
        Assert.Contains("WeightedLayerPooling", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_recipe_names_weights_and_tokenizer_and_follows_the_files()
    {
        using var model = new SmallModel().Build();
        model.Write("config_sentence_transformers.json", """{"prompts":{"query":"search query: ","passage":"document: "}}""");
        model.Write("config.json", """{"model_type":"bert","max_position_embeddings":32,"matryoshka_dims":[4,2]}""");
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        var recipe = (ModelRecipe)generator.GetService(typeof(ModelRecipe))!;
        Assert.Equal("search query: ", recipe.QueryPrompt);
        Assert.Equal("document: ", recipe.DocumentPrompt);
        Assert.Equal([2, 4], recipe.Dimensions.Dimensions);
        Assert.StartsWith("sha256:", recipe.Weights, StringComparison.Ordinal);
        Assert.Equal(generator.Tokenizer.Identity, recipe.Tokenizer);
        model.Table[5] += 1;
        model.Build();
        using var changed = OnnxEmbeddingGenerator.Load(model.Folder);
        Assert.NotEqual(recipe.Fingerprint, changed.Recipe.Fingerprint);
        Assert.Equal(["weights"], recipe.DifferencesFrom(changed.Recipe).Select(d => d.Field));
    }

    [Fact]
    public void What_cannot_be_run_is_refused_with_its_name()
    {
        using var model = new SmallModel();
        Assert.Contains("no ONNX file", Refusal(model), StringComparison.Ordinal);
        model.Build(more: (graph, _) => graph.Input("task_id", OnnxGraph.Int64));
        Assert.Contains("'task_id'", Refusal(model), StringComparison.Ordinal);
        model.Build();
        Assert.Contains("only cpu", Assert.Throws<MatryoshkaException>(() => OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { Provider = ExecutionProvider.Cuda })).Message, StringComparison.Ordinal);
        Assert.Contains("MaxBatchTexts is 0", Assert.Throws<MatryoshkaException>(() => OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { MaxBatchTexts = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("has 768", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { Name = "nomic-embed-text" })).Message, StringComparison.Ordinal);
        Assert.Contains("outside", Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder, new OnnxModelOptions { ModelFile = "../model.onnx" })).Message, StringComparison.Ordinal);
        model.Pool("max_tokens");
        Assert.Contains("max_tokens", Refusal(model), StringComparison.Ordinal);
        File.Delete(Path.Combine(model.Folder, "1_Pooling", "config.json"));
        Assert.Contains("1_Pooling", Refusal(model), StringComparison.Ordinal);
        File.Delete(Path.Combine(model.Folder, "tokenizer.json"));
        Assert.Contains("tokenizer", Refusal(model), StringComparison.Ordinal);
        Assert.Equal(ExecutionProvider.TensorRt, ExecutionProviders.Parse(" TensorRT "));
        Assert.Contains("cpu, cuda", Assert.Throws<MatryoshkaException>(() => ExecutionProviders.Parse("npu")).Message, StringComparison.Ordinal);
        Assert.Contains(ExecutionProvider.Cpu, ExecutionProviders.Available);
    }

    [Fact]
    public async Task A_cancelled_call_ends_and_a_vector_that_is_not_finite_is_refused()
    {
        using var model = new SmallModel();
        model.Table[SmallModel.Blue * 4] = float.NaN;
        model.Build();
        using var generator = OnnxEmbeddingGenerator.Load(model.Folder);
        await Assert.ThrowsAsync<InvalidVectorException>(() => generator.GenerateAsync(["red", "blue"]));
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["red"], cancellationToken: stopped.Token));
        await Assert.ThrowsAsync<MatryoshkaException>(() => generator.GenerateAsync(["red"], new EmbeddingGenerationOptions { ModelId = "another" }));
    }

    private static string Refusal(SmallModel model) => Assert.Throws<InvalidFormatException>(() => OnnxEmbeddingGenerator.Load(model.Folder)).Message;

    private static float[] Mean(SmallModel model, params int[] ids) => [.. Enumerable.Range(0, model.Size).Select(i => ids.Sum(id => model.Row(id)[i]) / ids.Length)];

    private static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(x => (double)x * x));
        return [.. vector.Select(x => (float)(x / length))];
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance = 1e-5f)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance, $"component {i}: {expected[i]} expected, {actual[i]} found");
    }
}
