using Matryoshka.Documents;
using Matryoshka.Tests.Collections;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class IndexerTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly CountingGenerator generator = new();
    private readonly List<DocumentFailure> failures = [];
    private readonly Collection collection;

    public IndexerTests()
    {
        Directory.CreateDirectory(folder.At("docs"));
        collection = Collection.Create(folder.At("c"), new() { Recipe = TestVectors.Recipe(), Generator = generator });
    }

    public void Dispose()
    {
        collection.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_second_run_embeds_nothing_a_change_only_what_changed_and_what_vanished_goes()
    {
        Write("a.txt", "the first text");
        Write("b.txt", "the second text");
        Write("c.txt", "the third text");
        Assert.Equal(3, (await RunAsync()).Pieces.Embedded);
        var again = await RunAsync();
        Assert.Equal((0, 3), (again.SourcesTotal, again.SourcesUnchanged));
        Assert.Equal(3, generator.Texts);

        Write("b.txt", "the second text, changed");
        File.Delete(folder.At("docs/c.txt"));
        File.SetLastWriteTimeUtc(folder.At("docs/a.txt"), DateTime.UtcNow.AddMinutes(1));
        var third = await RunAsync();
        Assert.Equal(new(1, 0, 1, 0), third.Pieces);
        Assert.Equal((1, 1), (third.SourcesVanished, third.Removed));
        Assert.Equal(4, generator.Texts);
        Assert.Equal(["docs/a.txt#0", "docs/b.txt#0"], (await Keys()).Order());
        Assert.Empty(failures);
        Assert.Empty(await collection.VerifyAsync());
    }

    [Fact]
    public async Task Pieces_that_a_shorter_file_no_longer_has_are_removed()
    {
        Write("long.txt", string.Join("\n\n", Enumerable.Range(0, 40).Select(i => $"Paragraph number {i} says that {i} is a number of some size and colour.")));
        var before = (await RunAsync(new() { Split = new() { MaxTokens = 32, OverlapTokens = 0 } })).Pieces.Embedded;
        Assert.True(before > 10);
        Write("long.txt", "One paragraph is left.");
        var done = await RunAsync(new() { Split = new() { MaxTokens = 32, OverlapTokens = 0 } });
        Assert.Equal(before - 1, done.Removed);
        Assert.Equal(1, await collection.CountAsync());
    }

    [Fact]
    public async Task Unreadable_files_are_reported_keep_their_records_and_do_not_stop_the_rest()
    {
        Write("good.txt", "a good text");
        Write("paper.md", "# Title\n\nA text of some length.");
        await RunAsync();
        File.Delete(folder.At("docs/paper.md"));
        Write("broken.pdf", "%PDF-1.7 this is not a document");
        Write("other.txt", "another good text");
        var done = await RunAsync();
        Assert.Equal(1, done.Pieces.Embedded);
        Assert.Contains(failures, f => f.Source == "docs/broken.pdf" && !f.IsWarning);
        Assert.DoesNotContain("docs/broken.pdf", (await collection.GetSourcesAsync()).Keys);
    }

    [Fact]
    public async Task Sources_outside_the_paths_named_are_left_alone()
    {
        Write("a.txt", "the first text");
        Directory.CreateDirectory(folder.At("other"));
        File.WriteAllText(folder.At("other/b.txt"), "the second text");
        await RunAsync();
        await RunAsync(path: "other");
        Assert.Equal(["docs/a.txt#0", "other/b.txt#0"], (await Keys()).Order());
    }

    [Fact]
    public async Task A_run_that_is_interrupted_keeps_what_was_committed_and_the_next_one_finishes()
    {
        for (var i = 0; i < 50; i++)
            Write($"f{i:00}.txt", $"text number {i}");
        using var cancellation = new CancellationTokenSource();
        var indexer = new Indexer(collection, new(), failures.Add, new CancelAfterFirstReport(cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => indexer.RunAsync(List("docs"), cancellation.Token));
        Assert.Empty(await collection.VerifyAsync());
        await RunAsync();
        Assert.Equal(50, await collection.CountAsync());
    }

    private void Write(string name, string text) => File.WriteAllText(folder.At("docs/" + name), text);

    private DocumentListing List(string path) => DocumentSources.Enumerate([path], new() { WorkingFolder = folder.Path });

    private Task<IndexProgress> RunAsync(PipelineOptions? options = null, string path = "docs") =>
        new Indexer(collection, options ?? new(), failures.Add).RunAsync(List(path));

    private async Task<List<string>> Keys()
    {
        var keys = new List<string>();
        await foreach (var record in collection.ListAsync())
            keys.Add(record.Key);
        return keys;
    }

    private sealed class CancelAfterFirstReport(CancellationTokenSource source) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value) => source.Cancel();
    }
}
