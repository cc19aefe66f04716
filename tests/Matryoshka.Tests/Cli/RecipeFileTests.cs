using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class RecipeFileTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Own_models_stand_beside_the_catalogue_and_before_it()
    {
        var file = Write("""
            {"models": [
              {"recipe": {"name": "acme/small", "dimensions": {"nesting": "trained", "sizes": [32, 96]}, "queryPrompt": "q: "}, "aliases": ["small"]},
              {"recipe": {"name": "thenlper/gte-base", "dimensions": {"nesting": "trained", "sizes": [256, 768]}, "pooling": "mean"}}
            ]}
            """);
        var list = (await CliRun.WithVariables(new() { ["MRL_RECIPES"] = file }, "models", "--json")).Expect(0).Json.GetProperty("models");
        Assert.Equal(ModelCatalogue.All.Count + 1, list.GetArrayLength());
        Assert.Equal("acme/small", list[0].GetProperty("name").GetString());
        var own = (await CliRun.Of("models", "small", "--recipes", file, "--json")).Expect(0).Json;
        Assert.Equal(("acme/small", "q: ", file), (own.GetProperty("name").GetString(), own.GetProperty("recipe").GetProperty("queryPrompt").GetString(), own.GetProperty("sources")[0].GetProperty("source").GetString()));
        var changed = (await CliRun.Of("models", "gte-base", "--recipes", file, "--json")).Expect(0).Json;
        Assert.Equal("MIT", changed.GetProperty("licence").GetString());
        Assert.Equal(2, changed.GetProperty("recipe").GetProperty("dimensions").GetProperty("sizes").GetArrayLength());
        (await CliRun.Of("models", "small")).Expect(1);

        File.WriteAllLines(folder.At("rows.jsonl"), Enumerable.Range(0, 3).Select(i => $$"""{"id":"{{i}}","vector":[{{string.Join(',', Enumerable.Range(0, 96).Select(j => j + i))}}]}"""));
        (await CliRun.Of("import", folder.At("rows.jsonl"), "--model", "small", "--recipes", file, "-c", folder.At("c"))).Expect(0);
        Assert.Equal("@32 f16", (await CliRun.Of("similar", "0", "--dims", "32", "-c", folder.At("c"))).Expect(0).Lines[0].Split('\t')[2]);
    }

    [Fact]
    public async Task The_documented_example_is_read()
    {
        var page = File.ReadAllText(Storage.RepositoryFiles.Path("docs", "models.md"));
        var start = page.IndexOf("```json", StringComparison.Ordinal) + "```json".Length;
        var file = Write(page[start..page.IndexOf("```", start, StringComparison.Ordinal)]);
        var recipe = (await CliRun.Of("models", "embed-2", "--recipes", file, "--json")).Expect(0).Json.GetProperty("recipe");
        Assert.Equal(("acme/embed-2", "layerNorm"), (recipe.GetProperty("name").GetString(), recipe.GetProperty("beforeTruncation").GetString()));
    }

    [Theory]
    [InlineData("not JSON", "[")]
    [InlineData("apiKey", """{"models": [{"recipe": {"name": "a", "dimensions": {"nesting": "none", "sizes": [3]}}, "apiKey": "x"}]}""")]
    [InlineData("Model 1", """{"models": [{"aliases": ["a"]}]}""")]
    [InlineData("Model 1", """{"models": [{"recipe": {"name": "a"}}]}""")]
    [InlineData("twice", """{"models": [{"recipe": {"name": "a", "dimensions": {"nesting": "none", "sizes": [3]}}, "aliases": ["A"]}]}""")]
    [InlineData("not provider:model", """{"models": [{"recipe": {"name": "a", "dimensions": {"nesting": "none", "sizes": [3]}}, "run": "a/b", "endpoint": "http://localhost"}]}""")]
    [InlineData("Reranker 1", """{"rerankers": [{"name": "a"}]}""")]
    [InlineData("not an address", """{"rerankers": [{"name": "a", "run": "tei:", "endpoint": "localhost"}]}""")]
    public async Task A_malformed_file_is_named_with_the_place(string expected, string content)
    {
        var file = Write(content);
        var error = (await CliRun.Of("models", "--recipes", file)).Expect(1).Error;
        Assert.Contains(expected == "not JSON" ? "not a file of recipes" : expected, error, StringComparison.Ordinal);
        Assert.Contains(file, error, StringComparison.Ordinal);
    }

    private string Write(string content)
    {
        File.WriteAllText(folder.At("recipes.json"), content);
        return folder.At("recipes.json");
    }
}
