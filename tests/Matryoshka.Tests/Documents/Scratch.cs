using System.Text;
using Matryoshka.Documents;
using Xunit;

namespace Matryoshka.Tests.Documents;

/// <summary>A folder that lives as long as a test, and the ways to read what the test put into it.</summary>
internal sealed class Scratch : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("documents-").FullName;

    public List<DocumentFailure> Failures { get; } = [];

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public DocumentListing List(params string[] paths) =>
        DocumentSources.Enumerate(paths, new DocumentSourceOptions { WorkingFolder = Folder });

    public DocumentSource Source(string name, string content) => Source(name, Encoding.UTF8.GetBytes(content));

    public DocumentSource Source(string name, byte[] content)
    {
        Write(name, content);
        var listing = List(name);
        Assert.Empty(listing.Failures);
        return Assert.Single(listing.Sources);
    }

    public async Task<List<Document>> Read(DocumentSource source, DocumentReadOptions? options = null)
    {
        Failures.Clear();
        var documents = new List<Document>();
        await foreach (var document in DocumentReader.ReadAsync(source, options, Failures.Add)) documents.Add(document);
        return documents;
    }

    public Task<List<Document>> Read(string name, string content, DocumentReadOptions? options = null) => Read(Source(name, content), options);

    public async Task<Document> ReadOne(string name, string content)
    {
        var document = Assert.Single(await Read(name, content));
        Assert.Empty(Failures);
        AssertBlocksCover(document);
        return document;
    }

    public async Task<List<IndexPiece>> Pieces(DocumentSource source, PipelineOptions? options = null)
    {
        Failures.Clear();
        var pieces = new List<IndexPiece>();
        await foreach (var piece in DocumentPipeline.ReadAsync(source, options, Failures.Add)) pieces.Add(piece);
        return pieces;
    }

    /// <summary>The invariant of every reader: blocks in order, none blank, nothing but whitespace outside of them.</summary>
    public static void AssertBlocksCover(Document document)
    {
        var end = 0;
        foreach (var block in document.Blocks)
        {
            Assert.True(block.Start >= end && block.Length > 0);
            Assert.True(document.Text.AsSpan(end, block.Start - end).IsWhiteSpace());
            Assert.False(document.Text.AsSpan(block.Start, block.Length).IsWhiteSpace());
            end = block.Start + block.Length;
        }
        Assert.True(document.Text.AsSpan(end).IsWhiteSpace());
    }

    public static string BlockText(Document document, int index) =>
        document.Text.Substring(document.Blocks[index].Start, document.Blocks[index].Length);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
