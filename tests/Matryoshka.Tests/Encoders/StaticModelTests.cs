using Xunit;

namespace Matryoshka.Tests.Encoders;

public sealed class StaticModelTests : IDisposable
{
    private const int Dimensions = 37; // not a multiple of any register's lanes
    private static readonly int Rows = GoldenTokenTests.Small().MaxId + 1;
    private readonly string folder = Directory.CreateTempSubdirectory("static-model-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("F32")]
    [InlineData("F16")]
    [InlineData("BF16")]
    [InlineData("I8")]
    public void Every_table_type_gives_the_mean_of_the_rows_normalised(string type)
    {
        var (tensors, rows) = Table(type);
        Write(folder, SafetensorsBuilder.File(tensors), "{}");
        var model = StaticModel.Load(folder);
        foreach (var text in new[] { "a", "a a b", "hello the hello world un", "a b c x the a b c x the unaffable characteristicallyish 12 33", "zzz a" })
        {
            var vector = new float[Dimensions];
            Assert.True(model.TryEncode(text, vector, out var tokens));
            var ids = Tokens(model, text).Where(id => id != model.Tokenizer.UnknownId).ToArray();
            Assert.Equal(ids.Length, tokens);
            AssertClose(Mean(ids.Select(id => rows[id])), vector);
        }
    }

    [Fact]
    public void The_unknown_token_is_dropped_as_model2vec_does_and_kept_as_sentence_transformers_does()
    {
        var (tensors, rows) = Table("F32");
        Write(folder, SafetensorsBuilder.File(tensors), "{}");
        var vector = new float[Dimensions];
        Assert.True(StaticModel.Load(folder).TryEncode("zzz a zzz", vector));
        AssertClose(Mean([rows[4]]), vector);

        var other = Path.Combine(folder, "st");
        var inner = Path.Combine(other, "0_StaticEmbedding");
        Directory.CreateDirectory(inner);
        Write(inner, SafetensorsBuilder.File(("embedding.weight", tensors[0].Type, tensors[0].Shape, tensors[0].Data)), null);
        var model = StaticModel.Load(other);
        Assert.True(model.TryEncode("zzz a zzz", vector));
        AssertClose(Mean([rows[0], rows[4], rows[0]]), vector);
        Assert.Null(model.Recipe.MaxTokens);
        File.WriteAllText(Path.Combine(other, "modules.json"), """[{"idx":0,"name":"0","path":"0_StaticEmbedding","type":"sentence_transformers.models.StaticEmbedding"},{"idx":1,"name":"1","path":"1_Normalize","type":"sentence_transformers.models.Normalize"}]""");
        Assert.True(StaticModel.Load(other).TryEncode("a", vector));
        File.WriteAllText(Path.Combine(other, "modules.json"), """[{"path":"0_StaticEmbedding","type":"x.StaticEmbedding"},{"path":"1_Dense","type":"x.Dense"}]""");
        Assert.Contains("'x.Dense'", Assert.Throws<InvalidFormatException>(() => StaticModel.Load(other)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(other, "modules.json"), """[{"path":"../..","type":"x.StaticEmbedding"}]""");
        Assert.Contains("outside its folder", Assert.Throws<InvalidFormatException>(() => StaticModel.Load(other)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(other, "modules.json"), "[1]");
        Assert.Throws<InvalidFormatException>(() => StaticModel.Load(other));
    }

    [Theory]
    [InlineData("F32", "I64", "F64")]
    [InlineData("I8", "I32", "F32")]
    public void A_quantised_vocabulary_maps_tokens_to_rows_and_weighs_them(string type, string mappingType, string weightType)
    {
        var (tensors, rows) = Table(type, 5);
        var mapping = Enumerable.Range(0, Rows).Select(id => id % 5).ToArray();
        var weights = Enumerable.Range(0, Rows).Select(id => 0.5 + (id * 0.25)).ToArray();
        Write(folder, SafetensorsBuilder.File([.. tensors,
            ("weights", weightType, [Rows], weightType == "F64" ? SafetensorsBuilder.Bytes(weights) : SafetensorsBuilder.Bytes(weights.Select(w => (float)w))),
            ("mapping", mappingType, [Rows], mappingType == "I64" ? SafetensorsBuilder.Bytes(mapping.Select(m => (long)m)) : SafetensorsBuilder.Bytes(mapping))]), "{}");
        var model = StaticModel.Load(folder);
        var vector = new float[Dimensions];
        Assert.True(model.TryEncode("a b the a world", vector));
        AssertClose(Mean(Tokens(model, "a b the a world").Select(id => rows[mapping[id]].Select(x => x * weights[id]).ToArray())), vector);

        mapping[3] = 5;
        Write(folder, SafetensorsBuilder.File([.. tensors, ("mapping", "I32", [Rows], SafetensorsBuilder.Bytes(mapping))]), "{}");
        Assert.Contains("sends token 3 to row 5, but there are 5 rows", Assert.Throws<InvalidFormatException>(() => StaticModel.Load(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_recipe_tells_the_names_the_limits_and_the_hash_of_the_weights()
    {
        var (tensors, _) = Table("F32");
        var weights = SafetensorsBuilder.File(tensors);
        Write(folder, weights, """{"name":"me/tiny","hidden_dim":37,"normalize":true,"nested_dimensions":[8,16,37],"seq_length":3}""");
        var recipe = StaticModel.Load(folder).Recipe;
        Assert.Equal("me/tiny", recipe.Name);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(weights)), recipe.Weights);
        Assert.Equal(NestedDimensions.Trained(8, 16, 37), recipe.Dimensions);
        Assert.Equal(3, recipe.MaxTokens);
        Assert.Equal(Pooling.Static, recipe.Pooling);
        Assert.Equal(GoldenTokenTests.Small().Identity, recipe.Tokenizer);
        var given = StaticModel.Load(folder, new StaticModelOptions { Name = "mine", MaxTokens = 7, Dimensions = NestedDimensions.PcaOrdered(4, 37) }).Recipe;
        Assert.Equal(("mine", 7, NestingKind.PcaOrdered), (given.Name, given.MaxTokens!.Value, given.Dimensions.Kind));
        Write(folder, weights, """{"seq_length":1000000}""");
        var bare = StaticModel.Load(folder).Recipe;
        Assert.Equal((Path.GetFileName(folder), 512, NestedDimensions.None(37)), (bare.Name, bare.MaxTokens!.Value, bare.Dimensions));
    }

    [Fact]
    public void A_text_is_cut_after_the_most_tokens()
    {
        Write(folder, SafetensorsBuilder.File(Table("F32").Tensors), """{"seq_length":3}""");
        var model = StaticModel.Load(folder);
        float[] cut = new float[Dimensions], whole = new float[Dimensions];
        Assert.True(model.TryEncode("a zzz b c x x x x", cut, out var tokens));
        Assert.True(model.TryEncode("a b c", whole));
        Assert.Equal(3, tokens);
        Assert.Equal(whole, cut);
    }

    [Fact]
    public void A_text_without_direction_gives_false_and_zeros()
    {
        Write(folder, SafetensorsBuilder.File(("embeddings", "F32", [Rows, 2], SafetensorsBuilder.Bytes(Enumerable.Range(0, Rows * 2).Select(i => i / 2 == 4 ? 1f : i / 2 == 5 ? -1f : 0f)))), "{}");
        var model = StaticModel.Load(folder);
        foreach (var text in new[] { "", "  ", "zzz", "the", "a b" })
        {
            float[] vector = [7, 7];
            Assert.False(model.TryEncode(text, vector), text);
            Assert.Equal([0, 0], vector);
        }
        Assert.Throws<InvalidVectorException>(() => model.TryEncode("a", new float[1]));
    }

    [Fact]
    public void Contradictions_between_the_files_are_refused()
    {
        var good = Table("F32").Tensors[0];
        var quantised = Table("I8").Tensors;
        Refused(SafetensorsBuilder.File(("other", "I8", [1], [0])), "{}", "neither a tensor 'embeddings' (model2vec) nor 'embedding.weight' (sentence-transformers), but 'other'");
        Refused(SafetensorsBuilder.File(("embeddings", "I8", [1], [0])), "{}", "rows and components are needed");
        Refused(SafetensorsBuilder.File(("embeddings", "I32", [1, 1], [0, 0, 0, 0])), "{}", "supported are F32, F16, BF16 and I8");
        Refused(SafetensorsBuilder.File(("embeddings", "F32", [0, 4], [])), "{}", "extents of 1 to");
        Refused(SafetensorsBuilder.File(("embeddings", "I8", [1, 65537], new byte[65537])), "{}", "extents of 1 to 65536");
        Refused(SafetensorsBuilder.File(quantised[0]), "{}", "it has no 'scales'");
        Refused(SafetensorsBuilder.File(quantised[0], ("scales", "F32", [1], new byte[4])), "{}", $"{Rows} numbers of F16, F32 or F64 are needed");
        Refused(SafetensorsBuilder.File(quantised[0], ("scales", "F32", [Rows], SafetensorsBuilder.Bytes(Enumerable.Repeat(float.NaN, Rows)))), "{}", "entry 0 of its 'scales' is not finite");
        Refused(SafetensorsBuilder.File(("embeddings", "F32", [Rows - 1, 1], new byte[4 * (Rows - 1)])), "{}", $"rows for {Rows - 1} tokens, but its tokenizer yields ids up to {Rows - 1}");
        Refused(SafetensorsBuilder.File(good), """{"nested_dimensions":[8,16]}""", "end at 16, but the rows");
        Refused(SafetensorsBuilder.File(good), """{"nested_dimensions":[16,8,37]}""", "must ascend");
        Refused(SafetensorsBuilder.File(good), """{"nested_dimensions":"8"}""", "not a usable config.json");
        Refused(SafetensorsBuilder.File(good), """{"seq_length":0}""", "1 or more is needed");
        Refused(SafetensorsBuilder.File(good), "[", "not a usable config.json");
        Assert.Contains("no folder", Assert.Throws<InvalidFormatException>(() => StaticModel.Load(Path.Combine(folder, "none"))).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        Assert.Contains("tokenizer.json", Assert.Throws<InvalidFormatException>(() => StaticModel.Load(folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F32", 0x7F800000u)]
    [InlineData("F32", 0xFFC00001u)]
    [InlineData("F16", 0x7C00u)]
    [InlineData("F16", 0xFE01u)]
    [InlineData("BF16", 0x7F80u)]
    [InlineData("BF16", 0xFFC1u)]
    public void A_table_with_a_number_that_is_not_finite_is_refused(string type, uint bits)
    {
        var table = Table(type).Tensors[0];
        var size = type == "F32" ? 4 : 2;
        BitConverter.GetBytes(bits).AsSpan(0, size).CopyTo(table.Data.AsSpan(((7 * Dimensions) + 11) * size));
        Refused(SafetensorsBuilder.File(table), "{}", "component 11 of row 7 of its table 'embeddings' is not finite");
    }

    private void Refused(byte[] weights, string config, string message)
    {
        Write(folder, weights, config);
        Assert.Contains(message, Assert.Throws<InvalidFormatException>(() => StaticModel.Load(folder)).Message, StringComparison.Ordinal);
    }

    private static void Write(string folder, byte[] weights, string? config)
    {
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), weights);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), GoldenTokenTests.SmallJson());
        if (config is not null)
            File.WriteAllText(Path.Combine(folder, "config.json"), config);
    }

    // The rows as doubles after the loss of their type, beside the tensors that store them.
    private static ((string Name, string Type, long[] Shape, byte[] Data)[] Tensors, double[][] Rows) Table(string type, int? count = null)
    {
        var rows = count ?? Rows;
        var random = new Random(5);
        var values = Enumerable.Range(0, rows * Dimensions).Select(i => i % 50 == 0 ? 1e-6f : (float)((random.NextDouble() - 0.5) * 8)).ToArray();
        var scales = Enumerable.Range(0, rows).Select(i => 0.01f + (i * 0.001f)).ToArray();
        (byte[] data, double[] kept) = type switch
        {
            "F16" => (SafetensorsBuilder.Bytes(values.Select(v => (Half)v)), values.Select(v => (double)(Half)v).ToArray()),
            "BF16" => (SafetensorsBuilder.Bytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16))), values.Select(v => (double)BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(v) & 0xFFFF0000)).ToArray()),
            "I8" => (SafetensorsBuilder.Bytes(values.Select(v => (sbyte)(v * 30))), values.Select((v, i) => (double)(sbyte)(v * 30) * scales[i / Dimensions]).ToArray()),
            _ => (SafetensorsBuilder.Bytes(values), values.Select(v => (double)v).ToArray()),
        };
        var tensors = new List<(string, string, long[], byte[])> { ("embeddings", type, [rows, Dimensions], data) };
        if (type == "I8")
            tensors.Add(("scales", "F32", [rows], SafetensorsBuilder.Bytes(scales)));
        return ([.. tensors], [.. kept.Chunk(Dimensions)]);
    }

    private static double[] Mean(IEnumerable<double[]> rows)
    {
        var all = rows.ToList();
        var mean = Enumerable.Range(0, all[0].Length).Select(d => all.Average(row => row[d])).ToArray();
        var norm = Math.Sqrt(mean.Sum(x => x * x));
        return [.. mean.Select(x => x / norm)];
    }

    private static void AssertClose(double[] expected, float[] actual)
    {
        for (var d = 0; d < expected.Length; d++)
            Assert.True(Math.Abs(expected[d] - actual[d]) < 2e-6, $"component {d}: {expected[d]} against {actual[d]}");
    }

    private static int[] Tokens(StaticModel model, string text)
    {
        var tokens = new List<TokenSpan>();
        model.Tokenizer.Tokenize(text, tokens);
        return [.. tokens.Select(t => t.Id)];
    }
}
