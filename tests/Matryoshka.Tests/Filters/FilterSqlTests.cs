using System.Text.Json;
using CsCheck;
using Matryoshka.Filters;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Matryoshka.Tests.Filters;

public sealed class FilterSqlTests : IDisposable
{
    private readonly SqliteConnection connection = new("Data Source=:memory:");

    public FilterSqlTests()
    {
        connection.Open();
        Run("create table records(key text not null, source text, metadata text)", []);
    }

    public void Dispose() => connection.Dispose();

    [Fact]
    public void Sql_and_memory_agree_on_random_records_and_filters() => Gen.Select(
            Gen.Select(FilterGen.Key, FilterGen.Source, FilterGen.Metadata).Array[1, 12], FilterGen.Any.Array[8])
        .Sample((rows, filters) =>
        {
            Run("delete from records", []);
            foreach (var (key, source, metadata) in rows)
                Run("insert into records(key, source, metadata) values ($p0, $p1, $p2)", [key, source, metadata]);
            foreach (var filter in filters)
            {
                var expected = rows.Select((row, i) => Matches(filter, row.Item3, row.Item1, row.Item2) ? i + 1L : 0).Where(i => i > 0);
                Assert.Equal(expected, Rowids(filter).Select(id => id - First()));
            }
        }, iter: 400, threads: 1, print: t => $"{string.Join('\n', t.Item1)}\n{string.Join('\n', t.Item2.Select(f => f))}");

    [Theory]
    [InlineData("year >= 2020 and (lang in (\"en\", \"de\") or not exists draft)", """{"year":2021,"lang":"fr"}""", true)]
    [InlineData("year >= 2020", """{"year":"2021"}""", false)]
    [InlineData("year = 2020", """{"year":2020.0}""", true)]
    [InlineData("year != 2020", "{}", true)]
    [InlineData("year < 2020", "{}", false)]
    [InlineData("not year < 2020", "{}", true)]
    [InlineData("draft = null", "{}", false)]
    [InlineData("draft = null", """{"draft":null}""", true)]
    [InlineData("exists draft", """{"draft":null}""", true)]
    [InlineData("flag = true", """{"flag":1}""", false)]
    [InlineData("flag = 1", """{"flag":true}""", false)]
    [InlineData("text = \"[1]\"", """{"text":[1]}""", false)]
    [InlineData("text = \"{}\"", """{"text":{}}""", false)]
    [InlineData("text = \"null\"", """{"text":null}""", false)]
    [InlineData("tags contains \"b\"", """{"tags":["a","b"]}""", true)]
    [InlineData("tags contains \"b\"", """{"tags":"b"}""", false)]
    [InlineData("tags[1] = \"b\"", """{"tags":["a","b"]}""", true)]
    [InlineData("tags[1] = \"b\"", """{"tags":{"1":"b"}}""", false)]
    [InlineData("tags[*] != \"b\"", """{"tags":["a","b"]}""", false)]
    [InlineData("exists tags[*]", """{"tags":[]}""", false)]
    [InlineData("people[*].name = \"Ann\"", """{"people":[{"name":"Bob"},{"name":"Ann"}]}""", true)]
    [InlineData("[\"a.b\"].c = 1", """{"a.b":{"c":1},"a":{"b":{"c":2}}}""", true)]
    [InlineData("a.b.c = 1", """{"a.b":{"c":1},"a":{"b":{"c":2}}}""", false)]
    [InlineData("name = \"ann\"", """{"name":"Ann"}""", false)]
    [InlineData("name = 'a\\u0000b'", """{"name":"a\u0000b"}""", true)]
    [InlineData("name = 'a'", """{"name":"a\u0000b"}""", false)]
    [InlineData("n > 9007199254740992", """{"n":9007199254740993}""", true)]
    [InlineData("n > 1.7e308", """{"n":1e400}""", true)]
    [InlineData("name < '😀'", "{\"name\":\"\uffff\"}", true)]
    [InlineData("n < 9223372036854775808", """{"n":9223372036854775807}""", true)]
    [InlineData("mix in (1, \"x\", true, null)", """{"mix":true}""", true)]
    [InlineData("mix in ()", """{"mix":true}""", false)]
    [InlineData("$key = 'k' and $source != 's'", "{}", true)]
    [InlineData("$key = 1 or exists $source", "{}", false)]
    public void The_rules_hold_in_sql_and_in_memory(string text, string metadata, bool expected)
    {
        var filter = Filter.Parse(text);
        Assert.Equal(expected, Matches(filter, metadata, "k", null));
        Run("insert into records(key, source, metadata) values ('k', null, $p0)", [metadata]);
        Assert.Equal(expected, Rowids(filter).Count == 1);
    }

    [Fact]
    public void Missing_metadata_is_like_an_empty_object()
    {
        Run("insert into records(key) values ('k')", []);
        Assert.Empty(Rowids(Filter.Exists("a")));
        Assert.Single(Rowids(Filter.NotEqual("a", 1)));
        Assert.True(Filter.NotEqual("a", 1).Matches(default, "k"));
    }

    [Fact]
    public void Nothing_a_user_gives_appears_in_the_sql() => FilterGen.Any.Sample(filter =>
    {
        var (sql, parameters) = FilterSql.Compile(filter);
        // Beyond words the compiler itself uses, only digits of aliases and parameters may appear.
        var rest = System.Text.RegularExpressions.Regex.Replace(sql,
            @"exists\(select 1 from |json_each\(|records\.(metadata|key|source)|iif\(|'object'|'array'|'\[\]'|'text'|'integer'|'real'|'true'|'false'|'null'|\bj\d+\.(key|type|value)\b|\bj\d+\b|\$p\d+|\b(where|and|or|not|is|null|in|0|1)\b|<=|>=|[=<>(), ]", "");
        Assert.Equal("", rest);
        Assert.All(parameters, p => Assert.True(p is string or long or double));
    }, iter: 300);

    [Fact]
    public void A_hostile_path_and_value_reach_sqlite_as_data()
    {
        Run("insert into records(key, metadata) values ('k', $p0)", ["""{"a') or 1=1; drop table records; --":"x"}"""]);
        Assert.Empty(Rowids(Filter.Equal("""["a') or 1=1; drop table records; --"]""", "'; drop table records; --")));
        Assert.Single(Rowids(Filter.Equal("""["a') or 1=1; drop table records; --"]""", "x")));
    }

    [Fact]
    public void The_largest_filter_allowed_still_runs()
    {
        var path = "a" + string.Concat(Enumerable.Repeat(".b", FilterPath.MaxSteps - 1));
        var filter = Filter.And(
            Enumerable.Range(0, Filter.MaxTerms - Filter.MaxDepth).Select(i => Filter.NotEqual(path, i))
                .Append(Filter.Not(Filter.In(path, Enumerable.Range(0, Filter.MaxValues).Select(i => (FilterValue)$"v{i}")))));
        for (var depth = filter.Depth; depth < Filter.MaxDepth; depth++)
            filter = depth % 2 == 0 ? Filter.And(Filter.NotEqual("c", depth), filter) : Filter.Or(Filter.Equal("c", depth), filter);
        Assert.Equal(Filter.MaxDepth, filter.Depth);
        Run("insert into records(key, metadata) values ('k', '{\"a\":{\"b\":1}}')", []);
        Assert.Single(Rowids(filter));
        Assert.Equal(filter, Filter.Parse(filter.ToString()));
    }

    private static bool Matches(Filter filter, string metadata, string key, string? source)
    {
        using var document = JsonDocument.Parse(metadata);
        return filter.Matches(document.RootElement, key, source);
    }

    private long First()
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select min(rowid) - 1 from records";
        return (long)command.ExecuteScalar()!;
    }

    private List<long> Rowids(Filter filter)
    {
        var (where, parameters) = FilterSql.Compile(filter);
        using var command = Command($"select rowid from records where {where} order by rowid", parameters);
        using var reader = command.ExecuteReader();
        var found = new List<long>();
        while (reader.Read())
            found.Add(reader.GetInt64(0));
        return found;
    }

    private void Run(string sql, IReadOnlyList<object?> parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, IReadOnlyList<object?> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Count; i++)
            command.Parameters.AddWithValue($"$p{i}", parameters[i] ?? DBNull.Value);
        return command;
    }
}
