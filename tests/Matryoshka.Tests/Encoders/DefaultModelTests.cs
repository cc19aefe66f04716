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
    public void A_question_is_nearest_to_its_answer_at_every_nested_dimension(string question, int answer)
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
        foreach (var d in model.Dimensions.Dimensions.Where(d => d >= 64))
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
        Assert.Equal("matryoshka/static-en-v0", recipe.Name);
        Assert.Equal(NestedDimensions.Trained(32, 64, 128, 256, 512), recipe.Dimensions);
        Assert.Equal(256, recipe.MaxTokens);
        Assert.Equal(30521, StaticModel.Default.Tokenizer.MaxId);
    }

    [Fact]
    public void It_agrees_with_the_half_precision_model_it_was_made_of()
    {
        var source = SharedData.Find("models/static-en-v0");
        Assert.SkipWhen(source is null, "the shared models are not here");
        var original = StaticModel.Load(source!);
        foreach (var text in Passages.Append("x"))
        {
            float[] a = new float[512], b = new float[512];
            Assert.True(original.TryEncode(text, a));
            Assert.True(StaticModel.Default.TryEncode(text, b));
            Assert.InRange(a.Zip(b, (x, y) => (double)x * y).Sum(), 0.9995, 1.0001);
        }
    }
}
