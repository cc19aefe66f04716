using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Matryoshka.Documents;

/// <summary>From a source to the pieces that a collection stores, and whether that needs doing again.</summary>
public static class DocumentPipeline
{
    /// <summary>Reads and splits a source. Documents are streamed: one is in memory at a time.</summary>
    /// <param name="source">The source, as listed by <see cref="DocumentSources"/>.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="onFailure">Called for what could not be read and for warnings, between pieces, never concurrently.</param>
    /// <param name="ct">Stops reading.</param>
    /// <exception cref="MatryoshkaException">A number of the split options is out of its range. Nothing about the content is thrown.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async IAsyncEnumerable<IndexPiece> ReadAsync(
        DocumentSource source, PipelineOptions? options, Action<DocumentFailure> onFailure, [EnumeratorCancellation] CancellationToken ct = default)
    {
        options ??= new PipelineOptions();
        var splitter = new TextSplitter(options.Split, options.Counter);
        await foreach (var document in DocumentReader.ReadAsync(source, options.Read, onFailure, ct).ConfigureAwait(false))
        {
            // A record is called by its bare id when it is one piece: the first piece waits until a second one is there, or none.
            TextPiece? held = null;
            foreach (var piece in splitter.Split(document))
            {
                ct.ThrowIfCancellationRequested();
                if (held is not null) yield return Make(source, document, held, isSplit: true);
                held = piece;
            }
            if (held is not null) yield return Make(source, document, held, isSplit: held.Ordinal > 0);
        }
    }

    /// <summary>
    /// A short text that is the same as long as the source's size and time of last write, and every setting that decides its pieces, are.
    /// Reads nothing. Copying or checking out a file again changes its time: it is then read again, but texts that are stored already are
    /// not embedded again. A change that keeps both the size and the time goes unnoticed, as with make or rsync. The stamp of standard input never repeats.
    /// </summary>
    public static string Stamp(DocumentSource source, PipelineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return string.Create(CultureInfo.InvariantCulture, $"{(options ?? new PipelineOptions()).Fingerprint()}-{source.Size:x}-{source.LastWriteTime.UtcTicks:x}");
    }

    private static IndexPiece Make(DocumentSource source, Document document, TextPiece piece, bool isSplit)
    {
        var key = document.IsRecord
            ? PieceKeys.OfRecord(document.Id, source.Name, document.Line ?? 0, piece.Ordinal, isSplit)
            : PieceKeys.OfFile(source.Name, piece.Ordinal);
        return new IndexPiece(key, piece.Text, source.Name, Position(document, piece, isSplit), Metadata(document, isSplit));
    }

    private static JsonObject? Position(Document document, TextPiece piece, bool isSplit)
    {
        var position = new JsonObject();
        if (piece.Page is { } page) position["page"] = page;
        if (piece.Line is { } line) position["line"] = line;
        if (piece.LastLine is { } last) position["lastLine"] = last;
        if (!document.IsRecord || isSplit)
        {
            position["start"] = piece.Start;
            position["length"] = piece.Length;
        }
        // The only heading of a record is its title, and that is in the metadata.
        if (piece.Heading is { } heading && !document.IsRecord) position["heading"] = heading;
        return position.Count > 0 ? position : null;
    }

    private static JsonObject? Metadata(Document document, bool isSplit)
    {
        // A node has one parent only: pieces that share a document must not share its nodes.
        var metadata = isSplit ? document.Metadata?.DeepClone().AsObject() : document.Metadata;
        if (document.Title is null || metadata?.ContainsKey("title") == true) return metadata;
        metadata ??= [];
        metadata["title"] = document.Title;
        return metadata;
    }
}
