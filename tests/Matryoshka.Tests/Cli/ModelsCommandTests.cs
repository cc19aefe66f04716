using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class ModelsCommandTests
{
    [Fact]
    public async Task The_list_has_a_line_a_model()
    {
        var run = (await CliRun.Of("models")).Expect(0);
        Assert.Equal(ModelCatalogue.All.Count, run.Lines.Length);
        Assert.Equal([ModelCatalogue.DefaultModel, "512", "32, 64, 128, 256, 512", "trained", "no", "Apache-2.0"], run.Lines[0].Split('\t'));
        var json = (await CliRun.Of("models", "--json")).Expect(0).Json.GetProperty("models");
        Assert.Equal(ModelCatalogue.All.Count, json.GetArrayLength());
        var first = json[0];
        Assert.Equal((ModelCatalogue.DefaultModel, 512, 32, "trained", false, false), (first.GetProperty("name").GetString(), first.GetProperty("full").GetInt32(),
            first.GetProperty("minimum").GetInt32(), first.GetProperty("nesting").GetString(), first.GetProperty("prompts").GetBoolean(), first.GetProperty("service").GetBoolean()));
    }

    [Fact]
    public async Task Every_model_can_be_shown_in_every_form()
    {
        foreach (var entry in ModelCatalogue.All)
        {
            var json = (await CliRun.Of("models", entry.Name, "--json")).Expect(0).Json;
            Assert.Equal(entry.Name, json.GetProperty("recipe").GetProperty("name").GetString());
            Assert.Equal(entry.Quality.Count, json.GetProperty("quality").GetArrayLength());
            Assert.Equal(entry.Sources.Count, json.GetProperty("sources").GetArrayLength());
            Assert.Equal(entry.Licence, json.GetProperty("licence").GetString());
            var plain = (await CliRun.Of("models", entry.Name)).Expect(0);
            Assert.DoesNotContain('\u001b', plain.Out);
            Assert.Equal(entry.Quality.Count, plain.Lines.Count(line => line.StartsWith("quality\t", StringComparison.Ordinal)));
            Assert.All(entry.Sources, source => Assert.Contains(source.Source, plain.Out, StringComparison.Ordinal));
            Assert.Contains("╭", (await CliRun.OnTerminal("models", entry.Name)).Expect(0).Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_alias_finds_its_model_and_a_slip_a_suggestion()
    {
        Assert.Contains("search_query: ", (await CliRun.Of("models", "nomic-embed-text")).Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("nomic-ai/nomic-embed-text-v1.5", (await CliRun.Of("models", "nomic-embed-txt-v1.5")).Expect(1).Error, StringComparison.Ordinal);
    }
}
