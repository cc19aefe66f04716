using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

public sealed class DocumentSourcesTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_folder_lists_known_files_sorted_and_skips_what_is_hidden()
    {
        foreach (var name in new[] { "b.txt", "B.md", "a/x.html", "a/.secret/s.txt", ".git/config.txt", "node_modules/m.js", ".mrl/c.txt", "code.rs" })
            _scratch.Write(name, "text");
        _scratch.Write("picture.PNG", "x");
        _scratch.Write("a/notes.log", "x");
        _scratch.Write("LICENSE", "x");
        var listing = _scratch.List(".");
        Assert.Equal(["B.md", "a/x.html", "b.txt", "code.rs"], listing.Sources.Select(source => source.Name));
        Assert.Equal([DocumentFormat.Markdown, DocumentFormat.Html, DocumentFormat.Text, DocumentFormat.Code], listing.Sources.Select(source => source.Format));
        Assert.Equal(3, listing.SkippedFiles);
        Assert.Equal(1, listing.SkippedExtensions[".png"]);
        Assert.Empty(listing.Failures);
        Assert.All(listing.Sources, source => Assert.Equal(4, source.Size));
    }

    [Fact]
    public void A_folder_with_a_corpus_is_one_BEIR_source()
    {
        _scratch.Write("data/scifact/corpus.jsonl", "{}");
        _scratch.Write("data/scifact/queries.jsonl", "{}");
        _scratch.Write("data/scifact/qrels/test.tsv", "x");
        _scratch.Write("data/other.jsonl", "{}");
        var listing = _scratch.List("data");
        Assert.Equal(["data/other.jsonl", "data/scifact"], listing.Sources.Select(source => source.Name));
        Assert.Equal([DocumentFormat.JsonLines, DocumentFormat.Beir], listing.Sources.Select(source => source.Format));
        Assert.EndsWith("corpus.jsonl", listing.Sources[1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_file_of_unknown_extension_is_text_unless_binary()
    {
        _scratch.Write("server.log", "started");
        _scratch.Write("photo.raw", [1, 2, 0, 3]);
        _scratch.Write("utf16.dat", [0xFF, 0xFE, (byte)'a', 0]);
        _scratch.Write("paper", "%PDF-1.7 ...");
        var listing = _scratch.List("server.log", "photo.raw", "utf16.dat", "paper", "missing.txt");
        Assert.Equal([DocumentFormat.Text, DocumentFormat.Text, DocumentFormat.Pdf], listing.Sources.Select(source => source.Format));
        Assert.Equal(["photo.raw", "missing.txt"], listing.Failures.Select(failure => failure.Source));
        Assert.Contains("binary", listing.Failures[0].Message, StringComparison.Ordinal);
        Assert.Contains("no such file", listing.Failures[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_outside_the_working_folder_go_by_their_full_path_and_none_is_listed_twice()
    {
        var path = _scratch.Write("in/a.txt", "x");
        var options = new DocumentSourceOptions { WorkingFolder = Path.Combine(_scratch.Folder, "elsewhere") };
        var listing = DocumentSources.Enumerate([path, Path.Combine(_scratch.Folder, "in"), path], options);
        Assert.Equal(path.Replace('\\', '/'), Assert.Single(listing.Sources).Name);
    }

    [Fact]
    public void Loops_of_links_end_and_links_elsewhere_are_followed()
    {
        _scratch.Write("docs/a.txt", "x");
        _scratch.Write("shared/b.txt", "x");
        var docs = Path.Combine(_scratch.Folder, "docs");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(docs, "loop"), docs);
            Directory.CreateSymbolicLink(Path.Combine(docs, "up"), _scratch.Folder);
            Directory.CreateSymbolicLink(Path.Combine(docs, "shared"), Path.Combine(_scratch.Folder, "shared"));
            Directory.CreateSymbolicLink(Path.Combine(docs, "self"), Path.Combine(docs, "self"));
            File.CreateSymbolicLink(Path.Combine(docs, "gone.txt"), Path.Combine(docs, "nothing.txt"));
        }
        catch (IOException)
        {
            Assert.Skip("Links may not be made here.");
        }
        var listing = _scratch.List("docs");
        Assert.Equal(["docs/a.txt", "docs/shared/b.txt"], listing.Sources.Select(source => source.Name));
    }

    [Fact]
    public async Task Standard_input_is_JSON_lines_when_it_starts_with_a_brace_and_text_otherwise()
    {
        var source = Assert.Single(_scratch.List("-", "-").Sources);
        Assert.Equal("stdin", source.Name);
        var json = await _scratch.Read(source, new DocumentReadOptions { StandardInput = new MemoryStream("\uFEFF {\"text\":\"a\"}\n{\"text\":\"b\"}"u8.ToArray()) });
        Assert.Equal(["a", "b"], json.Select(document => document.Text));
        var text = await _scratch.Read(source, new DocumentReadOptions { StandardInput = new MemoryStream("plain {text}"u8.ToArray()) });
        Assert.Equal("plain {text}", Assert.Single(text).Text);
        Assert.NotEqual(DocumentPipeline.Stamp(source), DocumentPipeline.Stamp(source with { LastWriteTime = source.LastWriteTime.AddTicks(1) }));
    }
}
