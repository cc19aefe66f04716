using System.Text.Json.Nodes;
using Matryoshka.Encoders;
using Matryoshka.Tests.Collections;
using Matryoshka.Training;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Export;
using Matryoshka.Training.Pairs;
using Matryoshka.Training.Tables;
using Matryoshka.Training.Vocabularies;
using Xunit;

namespace Matryoshka.Tests.Training;

/// <summary>What training writes, read back.</summary>
public class StaticExportTests
{
    [Theory]
    [InlineData(StaticPooling.Root, Pooling.StaticRoot)]
    [InlineData(StaticPooling.Mean, Pooling.Static)]
    public void The_exported_model_gives_the_vectors_that_training_had(StaticPooling pooling, Pooling said)
    {
        using var folder = new TestFolder();
        var tokenizerJson = Resource();
        var tokenizer = WordPieceTokenizer.Parse(tokenizerJson, "own");
        using var table = new TokenTable(tokenizer.MaxId + 1, 48, pooling);
        table.Initialise(Enumerable.Repeat(1f, table.Tokens).ToArray(), WordFamilies.Of(tokenizerJson, table.Tokens), 0.5, 3, new Work(2));
        var options = SmallPairs.Options("pairs.jsonl", folder.At("")) with { Dimensions = [16, 48], MaxTokens = 12, Pooling = pooling };
        StaticModelWriter.Write(options, "test/model", tokenizerJson, table);
        var (floats, bytes) = (StaticModel.Load(folder.At("")), StaticModel.Load(folder.At("int8")));
        foreach (var text in SmallPairs.All().Select(pair => pair.B).Append("a bat, a bat and one more bat").Append("Größe: 3 > 2, C++ and naïve \u2603 \U0001F600 words of many pieces unforeseeably"))
        {
            var trained = new float[48];
            table.Sum(PairLoader.Tokens(tokenizer, text, options.MaxTokens), trained);
            Assert.InRange(Cosine(trained, Encode(floats, text)), 0.9999, 1.0001);
            Assert.InRange(Cosine(trained, Encode(bytes, text)), 0.9995, 1.0001);
        }
        foreach (var model in (StaticModel[])[floats, bytes])
        {
            Assert.Equal("test/model", model.Name);
            Assert.Equal(NestedDimensions.Trained(16, 48), model.Dimensions);
            Assert.Equal(12, model.Recipe.MaxTokens);
            Assert.Equal(said, model.Recipe.Pooling);
        }
    }

    [Fact]
    public void The_folder_has_what_model2vec_and_sentence_transformers_look_for()
    {
        using var folder = new TestFolder();
        StaticTrainer.Train(SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")));
        var config = JsonNode.Parse(File.ReadAllText(folder.At("model/config.json")))!;
        Assert.Equal("model2vec", (string?)config["model_type"]);
        Assert.True((bool)config["normalize"]!);
        var modules = JsonNode.Parse(File.ReadAllText(folder.At("model/modules.json")))!.AsArray();
        Assert.Equal(["sentence_transformers.models.StaticEmbedding", "sentence_transformers.models.Normalize"], modules.Select(module => (string?)module!["type"]));
        var weights = SafetensorsFile.Open(folder.At("model/model.safetensors"));
        var table = weights.Find("embeddings")!;
        Assert.Equal(TensorType.F32, table.Type);
        Assert.Equal([30522L, 24], table.Shape);
        Assert.Equal(0, table.Offset % 64);
        var tokenizer = JsonNode.Parse(File.ReadAllText(folder.At("model/tokenizer.json")))!;
        Assert.Equal(64, (int)tokenizer["truncation"]!["max_length"]!);
        // Libraries differ in whether unknown words count: their row is zero.
        var unknown = (int)tokenizer["model"]!["vocab"]!["[UNK]"]!;
        Assert.All(weights.Bytes(table).Slice(unknown * 24 * 4, 24 * 4).ToArray(), b => Assert.Equal(0, b));
        var record = JsonNode.Parse(File.ReadAllText(folder.At("model/training.json")))!;
        Assert.Equal(128, (int)record["pairs"]!["pairs"]!);
        Assert.Equal(2048 / 64, (int)record["recipe"]!["batch"]!);
    }

    [Fact]
    public void The_int8_form_carries_the_hashes_of_its_files()
    {
        using var folder = new TestFolder();
        StaticTrainer.Train(SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")));
        var config = JsonNode.Parse(File.ReadAllText(folder.At("model/int8/config.json")))!;
        Assert.Equal(SafetensorsFile.Open(folder.At("model/int8/model.safetensors")).Sha256(), (string?)config["weights_sha256"]);
        Assert.Equal(WordPieceTokenizer.Load(folder.At("model/int8/tokenizer.json")).Identity, (string?)config["tokenizer"]);
    }

    [Fact]
    public void A_vocabulary_can_be_trained_from_the_pairs_and_spells_their_words()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")) with { VocabularySize = 400 };
        StaticTrainer.Train(options);
        var model = StaticModel.Load(folder.At("model"));
        Assert.InRange(model.Tokenizer.MaxId, 100, 399);
        Assert.Equal(1, model.Tokenizer.CountTokens("Violin"));
        Assert.Equal(3, model.Tokenizer.CountTokens("the violin?"));
        Assert.True(model.Tokenizer.CountTokens("vorlon") > 1);
    }

    [Fact]
    public void A_given_vocabulary_is_used_and_a_faulty_one_refused()
    {
        using var folder = new TestFolder();
        var options = SmallPairs.Options(SmallPairs.Write(folder.At("pairs.jsonl")), folder.At("model")) with { Tokenizer = folder.At("vocab.txt") };
        string[] pieces = ["[UNK]", "how", "do", "you", "a", "?", .. SmallPairs.All().SelectMany(pair => pair.B.TrimEnd('.').ToLowerInvariant().Split(' ')).Distinct().Where(word => word != "a")];
        File.WriteAllLines(folder.At("vocab.txt"), pieces);
        StaticTrainer.Train(options);
        Assert.Equal(pieces.Length - 1, StaticModel.Load(folder.At("model")).Tokenizer.MaxId);
        File.WriteAllLines(folder.At("vocab.txt"), [.. pieces, "how"]);
        Assert.Contains($"Line {pieces.Length + 1} of", Assert.Throws<InvalidFormatException>(() => StaticTrainer.Train(options)).Message, StringComparison.Ordinal);
        File.WriteAllLines(folder.At("vocab.txt"), pieces[1..]);
        Assert.Contains("lacks the piece [UNK]", Assert.Throws<InvalidFormatException>(() => StaticTrainer.Train(options)).Message, StringComparison.Ordinal);
        File.WriteAllLines(folder.At("vocab.txt"), ["[UNK]", "zzz"]);
        Assert.Contains("no usable pair", Assert.Throws<TrainingException>(() => StaticTrainer.Train(options)).Message, StringComparison.Ordinal);
    }

    private static byte[] Resource()
    {
        using var stream = StaticModel.Resource("tokenizer.json");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static float[] Encode(StaticModel model, string text)
    {
        var vector = new float[model.Dimensions.Full];
        Assert.True(model.TryEncode(text, vector));
        return vector;
    }

    private static double Cosine(float[] a, float[] b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
            (dot, aa, bb) = (dot + (double)a[i] * b[i], aa + (double)a[i] * a[i], bb + (double)b[i] * b[i]);
        return dot / Math.Sqrt(aa * bb);
    }
}
