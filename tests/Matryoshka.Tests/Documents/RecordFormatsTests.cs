using System.Text;
using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class RecordFormatsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Json_lines_give_ids_titles_texts_and_the_rest_as_metadata()
    {
        var documents = await _scratch.Read("a.jsonl", """
            {"id":"x1","title":"T","text":"Body.","url":"u","metadata":{"lang":"en","url":"inner"},"embedding":[1,2]}

            {"_id":7,"content":"Only text","n":1.0,"big":12345678901234567890,"dup":1,"dup":2,"none":null}
            {"passage":"p","id":null}
            """.ReplaceLineEndings("\r\n"));
        Assert.Empty(_scratch.Failures);
        Assert.Equal(["x1", "7", null], documents.Select(document => document.Id));
        Assert.Equal(["T\nBody.", "Only text", "p"], documents.Select(document => document.Text));
        Assert.Equal(["T", null, null], documents.Select(document => document.Title));
        Assert.Equal("""{"url":"inner","lang":"en"}""", documents[0].Metadata!.ToJsonString());
        Assert.Equal("""{"n":1.0,"big":12345678901234567890,"dup":2}""", documents[1].Metadata!.ToJsonString());
        Assert.Null(documents[2].Metadata);
        Assert.Equal([1L, 3L, 4L], documents.Select(document => document.Line!.Value));
        documents.ForEach(Scratch.AssertBlocksCover);
    }

    [Fact]
    public async Task Bad_lines_are_reported_with_their_number_and_skipped()
    {
        var documents = await _scratch.Read("a.jsonl", """
            {"text":"good"}
            {"text":
            [1]
            {"other":"x"}
            {"text":5}
            {"text":"half \ud800 pair"}
            {"text":"  "}
            {"text":"good too"} trailing
            {"text":"last"}
            """);
        Assert.Equal(["good", "last"], documents.Select(document => document.Text));
        Assert.Equal([2L, 3L, 4L, 5L, 6L, 7L, 8L], _scratch.Failures.Select(failure => failure.Line!.Value));
        Assert.Contains("text, content, body, passage", _scratch.Failures[2].Message, StringComparison.Ordinal);
        Assert.StartsWith("a.jsonl:2: The line is not a JSON object", _scratch.Failures[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_beyond_the_limit_are_counted()
    {
        var lines = string.Join('\n', Enumerable.Repeat("no json", 250));
        Assert.Empty(await _scratch.Read("a.jsonl", lines, new DocumentReadOptions { MaxFailures = 10 }));
        Assert.Equal(11, _scratch.Failures.Count);
        Assert.StartsWith("240 more", _scratch.Failures[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_over_the_limit_are_skipped_without_being_kept()
    {
        var text = $"{{\"text\":\"a\"}}\n{{\"text\":\"{new string('x', 700_000)}\"}}\n{{\"text\":\"{new string('y', 100)}\"}}";
        var documents = await _scratch.Read("a.jsonl", text, new DocumentReadOptions { MaxRecordBytes = 200_000 });
        Assert.Equal(["a", new string('y', 100)], documents.Select(document => document.Text));
        Assert.Equal(2, Assert.Single(_scratch.Failures).Line);
    }

    [Fact]
    public async Task Json_lines_in_other_encodings_are_read()
    {
        var utf16 = _scratch.Source("a.jsonl", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("{\"text\":\"é1\"}\n{\"text\":\"é2\"}")]);
        Assert.Equal(["é1", "é2"], (await _scratch.Read(utf16)).Select(document => document.Text));
        var latin = _scratch.Source("b.jsonl", Encoding.Latin1.GetBytes("{\"text\":\"é1\"}\n{\"text\":\"é2\"}"));
        Assert.Equal(["é1", "é2"], (await _scratch.Read(latin)).Select(document => document.Text));
        Assert.True(Assert.Single(_scratch.Failures).IsWarning);
    }

    [Fact]
    public async Task Fields_can_be_named()
    {
        var options = new DocumentReadOptions { TextFields = ["abstract"], IdFields = ["doi"], TitleFields = [] };
        var document = Assert.Single(await _scratch.Read("a.jsonl", """{"doi":"10.1","abstract":"A.","title":"T","text":"x"}""", options));
        Assert.Equal(("10.1", "A.", null), (document.Id, document.Text, document.Title));
        Assert.Equal("""{"title":"T","text":"x"}""", document.Metadata!.ToJsonString());
    }

    [Fact]
    public async Task Csv_uses_the_columns_it_knows()
    {
        var documents = await _scratch.Read("a.csv", "ID;Title;Text;Year;Zip\n1;\"One; two\";\"First\nline \"\"quoted\"\"\";1999;01234\n2;;Second;;\n");
        Assert.Empty(_scratch.Failures);
        Assert.Equal(["1", "2"], documents.Select(document => document.Id));
        Assert.Equal(["One; two\nFirst\nline \"quoted\"", "Second"], documents.Select(document => document.Text));
        Assert.Equal("""{"Year":1999,"Zip":"01234"}""", documents[0].Metadata!.ToJsonString());
        Assert.Null(documents[1].Metadata);
        Assert.Equal([2L, 4L], documents.Select(document => document.Line!.Value));
    }

    [Fact]
    public async Task Csv_without_a_text_column_is_read_whole_and_columns_can_be_chosen()
    {
        const string Text = "key\tname\tcolour\nk\tApple\tred\nl\tPear\t\n";
        var documents = await _scratch.Read("a.tsv", Text);
        Assert.Equal(["name: Apple\ncolour: red", "name: Pear"], documents.Select(document => document.Text));
        Assert.Equal("""{"name":"Apple","colour":"red"}""", documents[0].Metadata!.ToJsonString());
        documents = await _scratch.Read("a.tsv", Text, new DocumentReadOptions { TextColumns = ["colour", "NAME"] });
        Assert.Equal(["red\nApple", "Pear"], documents.Select(document => document.Text));
        Assert.Empty(await _scratch.Read("a.tsv", Text, new DocumentReadOptions { TextColumns = ["size"] }));
        Assert.Equal("There is no column 'size'. The columns are key, name, colour.", Assert.Single(_scratch.Failures).Message);
    }

    [Fact]
    public async Task Csv_quirks_are_survived()
    {
        var documents = await _scratch.Read("a.csv", "id,text\n1,ok\n\n2,\"open and\n3,never closed\n");
        Assert.Equal("ok", documents[0].Text);
        var failure = Assert.Single(_scratch.Failures);
        Assert.Equal(4, failure.Line);
        Assert.Contains("never closed", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await _scratch.Read("b.csv", ""));
        Assert.Empty(await _scratch.Read("c.csv", "id,text\n"));
        Assert.Single(await _scratch.Read("d.csv", "text\none,two,three\n"));
    }

    [Fact]
    public async Task Csv_that_is_not_UTF8_is_read_with_a_warning()
    {
        var source = _scratch.Source("a.csv", Encoding.Latin1.GetBytes("id,text\n1,café\n2,thé\n"));
        Assert.Equal(["café", "thé"], (await _scratch.Read(source)).Select(document => document.Text));
        Assert.True(Assert.Single(_scratch.Failures).IsWarning);
    }

    [Theory]
    [InlineData(DocumentFormat.JsonLines, "{\"text\":\"some words\"}\n")]
    [InlineData(DocumentFormat.Csv, "text,words\n")]
    public async Task Records_come_while_the_rest_is_still_unread(DocumentFormat format, string line)
    {
        using var input = new Endless(Encoding.UTF8.GetBytes(line));
        var source = new DocumentSource("-", "-", -1, default, format);
        var read = 0;
        await foreach (var document in DocumentReader.ReadAsync(source, new DocumentReadOptions { StandardInput = input }, _scratch.Failures.Add))
        {
            if (++read == 100_000) break;
            Assert.InRange(input.Given - read * line.Length, -1, 1 << 18);
        }
        Assert.Equal(100_000, read);
        Assert.Empty(_scratch.Failures);
    }

    private sealed class Endless(byte[] line) : MemoryStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override int Read(Span<byte> buffer)
        {
            for (var i = 0; i < buffer.Length; i++) buffer[i] = line[(Given + i) % line.Length];
            Given += buffer.Length;
            return buffer.Length;
        }
    }
}
