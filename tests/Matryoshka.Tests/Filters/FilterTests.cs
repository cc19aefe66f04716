using CsCheck;
using Xunit;

namespace Matryoshka.Tests.Filters;

public class FilterTests
{
    [Fact]
    public void A_filters_text_reads_back_as_an_equal_filter() => FilterGen.Any.Sample(filter =>
    {
        var back = Filter.Parse(filter.ToString());
        Assert.Equal(filter, back);
        Assert.Equal(filter.GetHashCode(), back.GetHashCode());
        Assert.Equal(filter.ToString(), back.ToString());
    }, iter: 2000);

    [Fact]
    public void Filters_of_different_texts_differ() => Gen.Select(FilterGen.Any, FilterGen.Any)
        .Sample((a, b) => Assert.Equal(a.ToString() == b.ToString(), a.Equals(b)), iter: 1000);

    [Theory]
    [InlineData("year>=2020and lang='en'", null)]
    [InlineData("YEAR >= 2020 AND (lang IN (\"en\",'de') OR NOT EXISTS draft)", "YEAR >= 2020 and (lang in (\"en\", \"de\") or not exists draft)")]
    [InlineData("author.name == 'Ann'", "author.name = \"Ann\"")]
    [InlineData("a != 1 or b = 2 and c = 3", "a != 1 or b = 2 and c = 3")]
    [InlineData("(a = 1 or b = 2) and c = 3", "(a = 1 or b = 2) and c = 3")]
    [InlineData("a = 1 and (b = 2 and (c = 3))", "a = 1 and b = 2 and c = 3")]
    [InlineData("not (a = 1)", "a != 1")]
    [InlineData("not a in (1)", "a not in (1)")]
    [InlineData("tags not contains 'x'", "tags[*] != \"x\"")]
    [InlineData("x=-1", "x = -1")]
    [InlineData("x = 1e3", "x = 1000")]
    [InlineData("x = 9223372036854775808", "x = 9.223372036854776E+18")]
    [InlineData("last-modified > '2024-01-01'", "last-modified > \"2024-01-01\"")]
    [InlineData("[\"in\"].and[\"a b\"][0][*] = \"\\u0041\\n\"", "[\"in\"][\"and\"][\"a b\"][0][*] = \"A\\n\"")]
    [InlineData("städte = 'Köln'", "städte = \"Köln\"")]
    public void Text_is_read_and_printed_in_one_form(string text, string? printed)
    {
        if (printed is null)
            Assert.Throws<InvalidFormatException>(() => Filter.Parse(text));
        else
            Assert.Equal(printed, Filter.Parse(text).ToString());
    }

    [Theory]
    [InlineData("", 1, "expected a field")]
    [InlineData("year", 5, "expected =, !=, <")]
    [InlineData("year >=", 8, "expected a value")]
    [InlineData("year >= and x = 1", 9, "found the keyword 'and'")]
    [InlineData("author = Ann", 10, "a text stands in quotes: \"Ann\"")]
    [InlineData("a = 1 b = 2", 7, "expected 'and', 'or' or the end, but found 'b'")]
    [InlineData("a = 1 and", 10, "expected a field")]
    [InlineData("(a = 1", 7, "')', but found the end")]
    [InlineData("a = 1)", 6, "but found ')'")]
    [InlineData("a in 1", 6, "a list of values")]
    [InlineData("a in (1 2)", 9, "',' or ')'")]
    [InlineData("a not = 1", 7, "'in' or 'contains' after 'not'")]
    [InlineData("a = 'open", 5, "no closing '")]
    [InlineData("a = \"\\x\"", 6, "unknown escape")]
    [InlineData("a = \"\\u12\"", 6, "unknown escape")]
    [InlineData("a = '\\ud83d'", 5, "half a surrogate pair")]
    [InlineData("zip = 01234", 7, "leading zeros")]
    [InlineData("a = 1.", 5, "not a whole number")]
    [InlineData("a = 1e", 5, "not a whole number")]
    [InlineData("a = -", 5, "not a whole number")]
    [InlineData("a = 12px", 5, "runs into a word")]
    [InlineData("a = 1e999", 5, "too large")]
    [InlineData("a < true", 1, "only numbers and texts have an order")]
    [InlineData("a & b", 3, "the character '&' has no meaning")]
    [InlineData("a = 1 \ud83d", 7, "has no meaning")]
    [InlineData("$text = 'x'", 1, "$key and $source are")]
    [InlineData("$key.x = 1", 5, "expected =")]
    [InlineData("$key contains 'x'", 1, "is a text, not a list")]
    [InlineData("tags[-1] = 1", 6, "an index from 0")]
    [InlineData("tags[99999999999] = 1", 6, "an index from 0")]
    [InlineData("tags[1 = 1", 8, "']'")]
    [InlineData("[0] = 1", 2, "a path begins with a field")]
    [InlineData("a..b = 1", 3, "a field's name after '.'")]
    [InlineData("a.b.c.d.e.f.g.h.i = 1", 1, "1 to 8 are allowed")]
    public void An_error_says_where_and_what_is_allowed(string text, int position, string part)
    {
        var error = Assert.Throws<InvalidFormatException>(() => Filter.Parse(text));
        Assert.StartsWith($"Filter, position {position}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_depth_and_length_are_refused_without_overflow()
    {
        foreach (var text in new[] { new string('(', 1_000_000), string.Concat(Enumerable.Repeat("not ", 200_000)), new string('(', 33) + "a = 1" + new string(')', 33) })
            Assert.Contains("32 levels", Assert.Throws<InvalidFormatException>(() => Filter.Parse(text)).Message, StringComparison.Ordinal);
        Assert.Equal(Filter.Equal("a", 1), Filter.Parse(new string('(', 32) + "a = 1" + new string(')', 32)));
        Assert.Contains("at most 1048576", Assert.Throws<InvalidFormatException>(() => Filter.Parse(new string(' ', 1_048_577))).Message, StringComparison.Ordinal);
        Assert.Contains("at most 500", Assert.Throws<InvalidFormatException>(() => Filter.Parse(string.Join(" or ", Enumerable.Repeat("a = 1", 501)))).Message, StringComparison.Ordinal);
        Assert.Contains("at most 10000", Assert.Throws<InvalidFormatException>(() => Filter.Parse($"a in ({string.Join(',', Enumerable.Repeat('1', 10_001))})")).Message, StringComparison.Ordinal);
        var deep = Filter.Exists("a");
        Assert.Contains("33 deep", Assert.Throws<InvalidFormatException>(() =>
        {
            for (var i = 0; i < 40; i++)
                deep = Filter.Not(deep);
        }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_filter_or_a_stated_error() => Gen.String[Gen.OneOf(Gen.Char["ab and or not in exists()[]\"'\\.,=<>!*$0123eE-"], Gen.Char), 0, 40].Sample(text =>
    {
        try
        {
            var filter = Filter.Parse(text);
            Assert.Equal(filter, Filter.Parse(filter.ToString()));
        }
        catch (InvalidFormatException error)
        {
            Assert.StartsWith("Filter, position ", error.Message, StringComparison.Ordinal);
        }
    }, iter: 5000);

    [Fact]
    public void Builders_and_text_agree()
    {
        Assert.Equal(Filter.Parse("year >= 2020 and (lang in ('en', 'de') or not exists draft) and author.name = 'Ann'"), Filter.And(
            Filter.AtLeast("year", 2020),
            Filter.Or(Filter.In("lang", "en", "de"), Filter.Not(Filter.Exists("draft"))),
            Filter.Equal("author.name", "Ann")));
        Assert.Equal(Filter.Parse("tags contains 1"), Filter.Contains("tags", 1.0));
        Assert.Equal(Filter.Parse("a = null"), Filter.Equal("a", FilterValue.Null));
        Assert.Equal(Filter.Parse("a = null"), Filter.Equal("a", (string?)null));
        Assert.Throws<InvalidFormatException>(() => Filter.And());
        Assert.Throws<InvalidFormatException>(() => Filter.Equal("a", double.NaN));
        Assert.Throws<InvalidFormatException>(() => Filter.Equal("a = 1 or b", 2));
        Assert.Throws<InvalidFormatException>(() => Filter.LessThan("a", FilterValue.Null));
        Assert.Throws<InvalidFormatException>(() => Filter.Equal("a", "\ud83d"));
    }
}
