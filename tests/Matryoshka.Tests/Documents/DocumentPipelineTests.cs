using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class DocumentPipelineTests : IDisposable
{
    private static readonly PipelineOptions Small = new() { Split = new SplitOptions { MaxTokens = 8, OverlapTokens = 0 } };

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Files_give_numbered_pieces_with_their_position()
    {
        var pieces = await _scratch.Pieces(_scratch.Source("docs/a.md", "---\nlang: en\n---\n# Top\n\nOne two three four. Five six seven eight nine.\n"), Small);
        Assert.Equal(["docs/a.md#0", "docs/a.md#1"], pieces.Select(piece => piece.Key));
        Assert.All(pieces, piece => Assert.Equal("docs/a.md", piece.Source));
        Assert.Equal("Top\nFive six seven eight nine.", pieces[1].Text);
        Assert.Equal("""{"line":6,"lastLine":6,"start":27,"length":26,"heading":"Top"}""", pieces[1].Position!.ToJsonString());
        Assert.Equal("""{"lang":"en","title":"Top"}""", pieces[1].Metadata!.ToJsonString());
        Assert.NotSame(pieces[0].Metadata, pieces[1].Metadata);
        Assert.Equal("a.txt#0", Assert.Single(await _scratch.Pieces(_scratch.Source("a.txt", "short"), Small)).Key);
    }

    [Fact]
    public async Task Records_keep_their_ids()
    {
        var source = _scratch.Source("r.jsonl", """
            {"id":"a","title":"T","text":"short"}
            {"id":"b","title":"Title","text":"One two three four five. Six seven eight nine."}
            {"text":"no id"}
            {"text":"One two three four five six. Seven eight nine ten."}
            """);
        var pieces = await _scratch.Pieces(source, Small);
        Assert.Equal(["a", "b#0", "b#1", "r.jsonl:3", "r.jsonl:4#0", "r.jsonl:4#1"], pieces.Select(piece => piece.Key));
        Assert.Equal("T\nshort", pieces[0].Text);
        Assert.Equal("Title\nOne two three four five.", pieces[1].Text);
        Assert.Equal("Title\nSix seven eight nine.", pieces[2].Text);
        Assert.Equal("""{"line":1}""", pieces[0].Position!.ToJsonString());
        Assert.Equal("""{"line":2,"start":31,"length":21}""", pieces[2].Position!.ToJsonString());
        Assert.Equal("""{"title":"T"}""", pieces[0].Metadata!.ToJsonString());
        Assert.Null(pieces[3].Metadata);
    }

    [Fact]
    public void A_stamp_changes_with_the_file_and_with_every_setting_that_matters()
    {
        var source = _scratch.Source("a.txt", "text");
        var options = new PipelineOptions();
        PipelineOptions[] others =
        [
            options with { Split = options.Split with { MaxTokens = 128 } },
            options with { Split = options.Split with { OverlapTokens = 1 } },
            options with { Split = options.Split with { IncludeHeadings = false } },
            options with { Split = options.Split with { MaxCharacters = 99 } },
            options with { CounterId = "other" },
            options with { Read = options.Read with { TextFields = ["text content", "body", "passage"] } },
            options with { Read = options.Read with { TextColumns = ["text"] } },
            options with { Read = options.Read with { IdFields = ["text"] } },
        ];
        Assert.Equal(DocumentPipeline.Stamp(source), DocumentPipeline.Stamp(source, new PipelineOptions { Counter = text => text.Length }));
        string[] stamps = [.. others.Append(options).Select(other => DocumentPipeline.Stamp(source, other))];
        Assert.Equal(stamps.Length, stamps.Distinct().Count());

        File.SetLastWriteTimeUtc(source.Path, source.LastWriteTime.UtcDateTime.AddSeconds(5));
        var touched = Assert.Single(_scratch.List("a.txt").Sources);
        Assert.NotEqual(DocumentPipeline.Stamp(source), DocumentPipeline.Stamp(touched));
    }

    [Fact]
    public async Task Cancelling_stops_the_reading()
    {
        var source = _scratch.Source("a.jsonl", string.Concat(Enumerable.Repeat("{\"text\":\"x\"}\n", 1000)));
        using var cancel = new CancellationTokenSource();
        var read = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var piece in DocumentPipeline.ReadAsync(source, null, _scratch.Failures.Add, cancel.Token))
            {
                if (++read == 10) cancel.Cancel();
            }
        });
        Assert.Equal(10, read);
        Assert.Empty(_scratch.Failures);
    }

    [Fact]
    public async Task The_shared_corpora_are_read_without_a_failure()
    {
        if (Shared("data/eval/scifact") is not { } folder)
        {
            Assert.Skip("The shared data is not here.");
            return;
        }
        var source = Assert.Single(DocumentSources.Enumerate([folder]).Sources);
        Assert.Equal(DocumentFormat.Beir, source.Format);
        var pieces = await _scratch.Pieces(source);
        Assert.Empty(_scratch.Failures);
        Assert.Equal(5183, pieces.Where(piece => !piece.Key.Contains('#', StringComparison.Ordinal) || piece.Key.EndsWith("#0", StringComparison.Ordinal)).Count());
    }

    private static string? Shared(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", path);
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}
