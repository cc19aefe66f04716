using System.Text.RegularExpressions;
using Matryoshka.Tests.Collections;
using Matryoshka.Tests.Storage;
using Xunit;

namespace Matryoshka.Tests.Docs;

/// <summary>What the README promises: its code runs as printed, its figures stand in the checked-in results.</summary>
public partial class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(RepositoryFiles.Path("README.md"));

    [Fact]
    public async Task The_library_example_runs_as_it_is_printed()
    {
        using var folder = new TestFolder();
        var printed = new StringWriter();
        await Example(folder.At("products.mrl"), printed);
        Assert.Matches(@"^\d\.\d{3} @512 a2 Trail running shoes\r?\n$", printed.ToString());

        var source = File.ReadAllText(RepositoryFiles.Path("tests", "Matryoshka.Tests", "Docs", "ReadmeTests.cs"));
        var body = ExampleBody().Match(source).Groups[1].Value.Replace("folder, new()", "\"products.mrl\", new()", StringComparison.Ordinal).Replace("output.Write", "Console.Write", StringComparison.Ordinal);
        var code = CodeBlock().Match(Readme).Groups[1].Value.Replace("using Matryoshka;", "", StringComparison.Ordinal);
        Assert.Equal(Words(code), Words(body));
    }

    [Fact]
    public void Every_table_of_figures_is_part_of_one_of_the_results_under_the_same_heads()
    {
        var results = Directory.GetFiles(RepositoryFiles.Path("benchmarks", "results"), "*.md").Select(file => Words(File.ReadAllText(file))).ToList();
        var tables = Tables().Matches(FigureRows().Match(Readme).Groups[1].Value).Select(table => table.Value.Trim().Split('\n')).ToList();
        Assert.True(tables.Count >= 2, $"only {tables.Count} tables of figures");
        Assert.All(tables, table => Assert.Contains(results, result => Array.TrueForAll(table, row => result.Contains(Words(row), StringComparison.Ordinal))));
    }

    private static async Task Example(string folder, StringWriter output)
    {
        // <example>
        using var generator = StaticEmbeddingGenerator.Default();             // any IEmbeddingGenerator<string, Embedding<float>> will do
        using var collection = Collection.Create(folder, new() { Generator = generator });

        await collection.UpsertAsync([
            new Record { Key = "a1", Text = "Waterproof hiking boots", Metadata = new() { ["price"] = 120 } },
            new Record { Key = "a2", Text = "Trail running shoes", Metadata = new() { ["price"] = 95 } }]);

        var results = await collection.SearchAsync("shoes for the mountains", new()
        {
            K = 5,
            Plan = SearchPlan.Parse("int8:128 x200 > f16:full"),
            Filter = Filter.AtMost("price", 100),
        });
        foreach (var hit in results.Hits)
            output.WriteLine($"{hit.Score:F3} @{hit.ScoreDimensions} {hit.Key} {hit.Text}");
        // </example>
    }

    private static string Words(string text) => WhiteSpace().Replace(text, " ").Trim();

    [GeneratedRegex(@"// <example>\n(.*?)// </example>", RegexOptions.Singleline)]
    private static partial Regex ExampleBody();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"## Figures\n(.*?)\n## ", RegexOptions.Singleline)]
    private static partial Regex FigureRows();

    [GeneratedRegex(@"(^\|.*\n)+", RegexOptions.Multiline)]
    private static partial Regex Tables();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
