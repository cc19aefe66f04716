using System.Text.Json.Nodes;
using Matryoshka.Encoders;
using Xunit;

namespace Matryoshka.Tests.Encoders;

public class DefaultModelTests
{
    private static readonly string[] Passages =
    [
        "To sort a list of numbers in ascending order, call the sort method of the array.",
        "Photosynthesis is the process by which plants turn sunlight, water and carbon dioxide into sugar and oxygen.",
        "Type 2 diabetes is a disease in which the blood glucose, or blood sugar, is too high.",
        "The Treaty of Versailles ended the war between Germany and the Allied Powers in 1919.",
        "Compress a folder into an archive with tar and gzip.",
        "A black hole is a region of space where gravity is so strong that light cannot escape.",
        "Bake the bread in a hot oven for forty minutes until the crust is brown.",
        "The stock market fell sharply after the central bank raised interest rates.",
    ];

    public static TheoryData<string, int> Questions => new()
    {
        { "how do I sort an array of integers?", 0 },
        { "how do plants make oxygen from sunlight", 1 },
        { "what causes high blood sugar", 2 },
        { "when was the war with Germany ended by a treaty", 3 },
        { "create a tar.gz archive of a directory", 4 },
        { "why can't light escape from a black hole?", 5 },
        { "baking bread in the oven", 6 },
        { "bank interest rates and the stock market", 7 },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public void A_question_is_nearest_to_its_answer_from_128_dimensions_on(string question, int answer)
    {
        var model = StaticModel.Default;
        float[] Encode(string text, int dimensions)
        {
            var vector = new float[512];
            Assert.True(model.TryEncode(text, vector));
            var prefix = vector[..dimensions];
            Assert.True(StaticModel.Normalize(prefix));
            return prefix;
        }
        foreach (var d in model.Dimensions.Dimensions.Where(d => d >= 128))
        {
            var query = Encode(question, d);
            var scores = Passages.Select(passage => Encode(passage, d).Zip(query, (x, y) => x * y).Sum()).ToArray();
            Assert.Equal(answer, Array.IndexOf(scores, scores.Max()));
        }
    }

    [Fact]
    public void The_hashes_in_its_config_are_those_of_its_files()
    {
        var config = JsonNode.Parse(StaticModel.Resource("config.json"))!;
        var weights = SafetensorsFile.Open(StaticModel.Resource("model.safetensors"), "weights");
        Assert.Equal(weights.Sha256(), config["weights_sha256"]!.GetValue<string>());
        var tokenizer = new MemoryStream();
        StaticModel.Resource("tokenizer.json").CopyTo(tokenizer);
        Assert.Equal(WordPieceTokenizer.Parse(tokenizer.ToArray(), "tokenizer").Identity, config["tokenizer"]!.GetValue<string>());
        var recipe = StaticModel.Default.Recipe;
        Assert.Equal("sha256:" + weights.Sha256(), recipe.Weights);
        Assert.Equal("matryoshka/static-en-v1", recipe.Name);
        Assert.Equal(NestedDimensions.Trained(32, 64, 128, 256, 512), recipe.Dimensions);
        Assert.Equal(256, recipe.MaxTokens);
        Assert.Equal(30521, StaticModel.Default.Tokenizer.MaxId);
    }

    [Fact]
    public void Its_vectors_are_those_of_the_floats_it_was_made_of()
    {
        // The first components that the F32 rows of the same training give.
        float[] recorded = [-0.02695f, 0.03871f, -0.04438f, 0.00630f, -0.13016f, -0.03189f, 0.05371f, -0.02558f, 0.05054f, 0.05251f, 0.02991f, -0.10896f];
        var vector = new float[512];
        Assert.True(StaticModel.Default.TryEncode("Type 2 diabetes is a disease in which the blood glucose, or blood sugar, is too high, and blood is what it shows in.", vector));
        for (var i = 0; i < recorded.Length; i++)
            Assert.Equal(recorded[i], vector[i], 0.002f);
    }

    [Fact]
    public void The_model_before_it_still_loads_as_it_was_pooled()
    {
        var source = SharedData.Find("models/static-en-v0");
        Assert.SkipWhen(source is null, "the shared models are not here");
        var before = StaticModel.Load(source!);
        Assert.Equal(Pooling.Static, before.Recipe.Pooling);
        float[] once = new float[512], twice = new float[512];
        Assert.True(before.TryEncode("a black hole", once));
        Assert.True(before.TryEncode("a black hole a black hole", twice));
        Assert.Equal(1, once.Zip(twice, (x, y) => (double)x * y).Sum(), 1e-5);
    }
}
