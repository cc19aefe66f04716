using CsCheck;
using Matryoshka.Cli.Output;
using Xunit;

namespace Matryoshka.Tests.Cli;

public sealed class OutputTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.00 KB")]
    [InlineData(12_345, "12.3 KB")]
    [InlineData(999_499, "999 KB")]
    [InlineData(999_500, "1.00 MB")]
    [InlineData(31_254_656, "31.3 MB")]
    [InlineData(5_000_000_000_000, "5.00 TB")]
    public void Bytes_have_three_digits(long bytes, string expected) => Assert.Equal(expected, Figures.Bytes(bytes));

    [Fact]
    public void A_snippet_shows_the_words_of_the_query()
    {
        var text = string.Concat(Enumerable.Repeat("nothing to see here, ", 40)) + "the aperture of a telescope" + string.Concat(Enumerable.Repeat(" and more of it", 40));
        var snippet = Snippet.Of(text, new QueryWords("what is a telescope's aperture?"), 120);
        Assert.Contains("aperture of a telescope", snippet, StringComparison.Ordinal);
        Assert.InRange(snippet.Length, 60, 124);
    }

    [Fact]
    public void A_snippet_of_any_text_is_one_line_of_bounded_length() =>
        Gen.Select(Gen.String[0, 400], Gen.String[0, 20], Gen.Int[20, 120]).Sample((text, query, longest) =>
        {
            var words = new QueryWords(query);
            var snippet = Snippet.Of(text, words, longest);
            Assert.True(snippet.Length <= longest + 4);
            Assert.DoesNotContain(snippet, char.IsControl);
            Assert.Equal(snippet, Snippet.Mark(snippet, words, new Ink(true)).Replace("\u001b[1;33m", "", StringComparison.Ordinal).Replace("\u001b[0m", "", StringComparison.Ordinal));
            Assert.All(Snippet.Wrap(snippet, 20), line => Assert.True(line.Length <= 20));
        }, iter: 3000);

    [Theory]
    [InlineData("index", "indexes", true)]
    [InlineData("rotating", "rotate", false)]
    [InlineData("Bread", "bread", true)]
    [InlineData("cat", "category", false)]
    [InlineData("the", "the", false)]
    public void Words_match_with_their_endings(string query, string word, bool expected) =>
        Assert.Equal(expected, new QueryWords(query).Find(word) >= 0);

    [Fact]
    public void Progress_tells_rate_and_remaining_time()
    {
        Assert.Equal("import 500 of 2,000 rows, 250/s, 6.0 s left", Progress.Describe("import", "rows", 500, 2000, null, TimeSpan.FromSeconds(2)));
        Assert.Equal("import 500 rows, 250/s, 2.0 s left", Progress.Describe("import", "rows", 500, null, 0.5, TimeSpan.FromSeconds(2)));
        Assert.Equal("embed 500 texts, 250/s", Progress.Describe("embed", "texts", 500, null, null, TimeSpan.FromSeconds(2)));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(50, "█████")]
    [InlineData(100, "██████████")]
    [InlineData(0.001, "▏")]
    [InlineData(double.NaN, "")]
    public void A_bar_is_as_long_as_its_value(double value, string expected) => Assert.Equal(expected, Bar.Of(value, 100, 10));

    [Fact]
    public void Control_characters_never_reach_a_terminal()
    {
        Assert.Equal("a b[31m c", TextClean.OneLine(" a\u001b\tb[31m\u009b\r\nc "));
        Assert.Equal("a[31m\n\tb", TextClean.Lines("a\u001b[31m\n\tb\u0007"));
    }
}
