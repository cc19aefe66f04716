using System.Runtime.CompilerServices;
using System.Security;
using System.Text.Json;
using Matryoshka.Documents.Reading;

namespace Matryoshka.Documents;

/// <summary>Reads the documents of a source.</summary>
public static class DocumentReader
{
    /// <summary>
    /// Reads a source. Files give one document; JSON lines, BEIR, CSV and TSV give one for each record and are streamed, so memory does
    /// not grow with the file. Whatever is wrong with the content, the file or its permissions is told to <paramref name="onFailure"/> and
    /// never thrown; the readable rest is still returned.
    /// </summary>
    /// <param name="source">The source, as listed by <see cref="DocumentSources"/>.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="onFailure">Called for each failure and warning, between documents, never concurrently.</param>
    /// <param name="ct">Stops reading.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async IAsyncEnumerable<Document> ReadAsync(
        DocumentSource source, DocumentReadOptions? options, Action<DocumentFailure> onFailure, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(onFailure);
        options ??= new DocumentReadOptions();
        var failures = new FailureSink(source.Name, options.MaxFailures, onFailure);
        await using var documents = Open(source, options, failures, ct).GetAsyncEnumerator(ct);
        while (true)
        {
            bool more;
            try
            {
                ct.ThrowIfCancellationRequested();
                more = await documents.MoveNextAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (Describe(error) is { } message)
            {
                failures.Fail(message);
                more = false;
            }
            if (!more) break;
            yield return documents.Current;
        }
        failures.Complete();
    }

    private static async IAsyncEnumerable<Document> Open(
        DocumentSource source, DocumentReadOptions options, FailureSink failures, [EnumeratorCancellation] CancellationToken ct)
    {
        var stream = SourceFile.Open(source, options);
        await using var closing = stream.ConfigureAwait(false);
        if (source.Format == DocumentFormat.Detect) (source, stream) = await DetectAsync(source, stream, ct).ConfigureAwait(false);
        var context = new ReadContext(source, stream, options, failures);
        var documents = source.Format switch
        {
            DocumentFormat.JsonLines or DocumentFormat.Beir => JsonLinesReader.ReadAsync(context, ct),
            DocumentFormat.Csv or DocumentFormat.Tsv => SeparatedValuesReader.ReadAsync(context, ct),
            _ => null,
        };
        if (documents is null)
        {
            if (await ReadWholeAsync(context, ct).ConfigureAwait(false) is { } document) yield return document;
            yield break;
        }
        await foreach (var document in documents.ConfigureAwait(false)) yield return document;
    }

    private static async Task<Document?> ReadWholeAsync(ReadContext context, CancellationToken ct)
    {
        var bytes = await SourceFile.ReadWholeAsync(context.Stream, context.Options, ct).ConfigureAwait(false);
        if (context.Source.Format == DocumentFormat.Pdf) return await PdfReader.ReadAsync(bytes, context, ct).ConfigureAwait(false);
        if (TextDecoder.IsBinary(bytes)) throw new InvalidFormatException("The file is binary, not text.");
        return context.Source.Format switch
        {
            DocumentFormat.Markdown => MarkdownReader.Read(TextDecoder.Decode(bytes, context.Failures)),
            DocumentFormat.Html => HtmlReader.Read(bytes, context.Failures, context.Options.ParseTimeout, ct),
            DocumentFormat.Code => PlainText(bytes, context.Failures, BlockKind.Code),
            _ => PlainText(bytes, context.Failures, BlockKind.Paragraph),
        };
    }

    private static Document PlainText(byte[] bytes, FailureSink failures, BlockKind kind)
    {
        var text = TextDecoder.NormaliseLineEnds(TextDecoder.Decode(bytes, failures));
        var blocks = new List<DocumentBlock>();
        Paragraphs.AddTo(blocks, text, 0, kind);
        return new Document(null, null, text, null, blocks) { Line = 1, LinesFollowSource = true };
    }

    private static async Task<(DocumentSource, Stream)> DetectAsync(DocumentSource source, Stream stream, CancellationToken ct)
    {
        var first = new byte[TextDecoder.SniffedBytes];
        var read = await stream.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        var head = first.AsSpan(0, read);
        var content = head[TextDecoder.MarkOf(head).Length..].TrimStart(" \t\r\n"u8);
        var format = content is [(byte)'{', ..] ? DocumentFormat.JsonLines : DocumentFormat.Text;
        return (source with { Format = format }, new SourceFile.Unowned(stream, first.AsMemory(0, read)));
    }

    /// <summary>A message for what may be wrong with a source; null for everything that is our own fault.</summary>
    private static string? Describe(Exception error) => error switch
    {
        OperationCanceledException => null,
        MatryoshkaException => error.Message,
        FileNotFoundException or DirectoryNotFoundException => "The file is gone.",
        UnauthorizedAccessException or SecurityException => "The file may not be read. Check its permissions, or leave it out.",
        IOException => $"The file cannot be read: {error.Message}",
        JsonException or CsvHelper.CsvFormatException => error.Message,
        OutOfMemoryException => "The file is too large for the memory of this machine. Split it.",
        _ => null,
    };
}
