using CsCheck;
using Xunit;

namespace Matryoshka.Tests.Models;

public class ModelRecipeTests
{
    private static readonly ModelRecipe Base = new() { Name = "a/b", Dimensions = NestedDimensions.Trained(64, 128, 768) };

    public static TheoryData<string, ModelRecipe> Changes => new()
    {
        { "name", Base with { Name = "a/c" } },
        { "weights", Base with { Weights = "sha256:00" } },
        { "full dimensions", Base with { Dimensions = NestedDimensions.Trained(64, 128, 512) } },
        { "query prompt", Base with { QueryPrompt = "q: " } },
        { "document prompt", Base with { DocumentPrompt = "d: " } },
        { "pooling", Base with { Pooling = Pooling.Cls } },
        { "before truncation", Base with { BeforeTruncation = PreTruncation.LayerNorm } },
        { "max tokens", Base with { MaxTokens = 512 } },
        { "tokenizer", Base with { Tokenizer = "wordpiece" } },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_field_that_changes_a_vector_changes_the_fingerprint_and_is_listed(string field, ModelRecipe changed)
    {
        Assert.NotEqual(Base.Fingerprint, changed.Fingerprint);
        var difference = Assert.Single(changed.DifferencesFrom(Base));
        Assert.Equal(field, difference.Field);
        Assert.NotEqual(difference.Left, difference.Right);
        Assert.Equal(changed, ModelRecipe.FromJson(changed.ToJson()));
    }

    [Fact]
    public void Which_prefixes_are_trusted_does_not_change_the_fingerprint()
    {
        Assert.Equal(Base.Fingerprint, (Base with { Dimensions = NestedDimensions.AnyPrefix(32, 768) }).Fingerprint);
        Assert.Empty(Base.DifferencesFrom(Base with { Dimensions = NestedDimensions.None(768) }));
    }

    [Fact]
    public void The_fingerprint_is_stable() => Assert.Equal("mrl1:02a202ec38fe01cf811e42e0bae7f76b", Base.Fingerprint);

    [Fact]
    public void A_line_break_in_a_prompt_cannot_imitate_another_field()
    {
        var honest = Base with { QueryPrompt = "a", DocumentPrompt = "b" };
        var forged = Base with { QueryPrompt = "a\ndocument prompt=b" };
        Assert.NotEqual(honest.Fingerprint, forged.Fingerprint);
        Assert.NotEqual(forged.Fingerprint, (Base with { QueryPrompt = "a\\ndocument prompt=b" }).Fingerprint);
    }

    [Theory]
    [InlineData("", "text")]
    [InlineData("query: ", "query: text")]
    [InlineData("<q>{text}</q>", "<q>text</q>")]
    public void A_prompt_goes_before_the_text_or_around_it(string prompt, string expected)
    {
        var recipe = Base with { QueryPrompt = prompt };
        Assert.Equal(expected, recipe.Prompt("text", EmbeddingRole.Query));
        Assert.Equal("text", recipe.Prompt("text", EmbeddingRole.Document));
    }

    [Fact]
    public void A_text_that_holds_the_marker_is_not_expanded_again() =>
        Assert.Equal("<{text}>", (Base with { QueryPrompt = "<{text}>" }).Prompt("{text}", EmbeddingRole.Query));

    [Fact]
    public void Json_keeps_every_recipe() => Gen.Select(
            Gen.String[Gen.Char.AlphaNumeric, 1, 8], Gen.String[Gen.Char[' ', '\ud7ff'], 0, 8], Gen.Enum<Pooling>(), Gen.Enum<PreTruncation>(),
            Gen.Int[1, 9000].Nullable(), Dimensions)
        .Sample((name, text, pooling, before, tokens, dimensions) =>
        {
            var recipe = new ModelRecipe
            {
                Name = name,
                Dimensions = dimensions,
                QueryPrompt = text,
                DocumentPrompt = text + "\n\"",
                Pooling = pooling,
                BeforeTruncation = before,
                MaxTokens = tokens,
                Weights = tokens is null ? null : text,
                Tokenizer = tokens is null ? text : null,
            };
            var back = ModelRecipe.FromJson(recipe.ToJson());
            Assert.Equal(recipe, back);
            Assert.Equal(recipe.Fingerprint, back.Fingerprint);
        }, iter: 500);

    [Fact]
    public void Json_keeps_every_recipe_of_the_catalogue() => Assert.All(ModelCatalogue.All, e => Assert.Equal(e.Recipe, ModelRecipe.FromJson(e.Recipe.ToJson())));

    [Theory]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8]},"rotation":1}""", "'rotation'")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8],"order":"zigzag"}}""", "'order'")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"fractal","sizes":[8]}}""", "'fractal'")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8]},"pooling":"3"}""", "'3'")]
    public void Json_of_a_newer_version_is_refused_by_name(string json, string named)
    {
        var error = Assert.Throws<InvalidFormatException>(() => ModelRecipe.FromJson(json));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"name":"a"}""")]
    [InlineData("""{"name":"a","name":"b","dimensions":{"nesting":"trained","sizes":[8]}}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[]}}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8,4]}}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"none","sizes":[4,8]}}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"anyPrefix","sizes":[4,8]}}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8]},"maxTokens":0}""")]
    [InlineData("""{"name":"a","dimensions":{"nesting":"trained","sizes":[8]},"maxTokens":"many"}""")]
    public void Broken_json_is_refused(string json) => Assert.Throws<InvalidFormatException>(() => ModelRecipe.FromJson(json));

    private static Gen<NestedDimensions> Dimensions => Gen.OneOf(
        Gen.Int[1, 2000].Select(NestedDimensions.None),
        Gen.Int[1, 2000].Select(NestedDimensions.SeparateHeads),
        Gen.Select(Gen.Int[1, 50], Gen.Int[50, 2000]).Select((lo, hi) => NestedDimensions.AnyPrefix(lo, hi)),
        Gen.Int[1, 4000].HashSet[1, 8].Select(s => NestedDimensions.Trained([.. s.Order()])),
        Gen.Int[1, 4000].HashSet[1, 8].Select(s => NestedDimensions.Create(NestingKind.PcaOrdered, 1, [.. s.Order()])));
}
