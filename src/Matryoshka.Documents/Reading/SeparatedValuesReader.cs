using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using CsvHelper;

namespace Matryoshka.Documents.Reading;

/// <summary>CSV and TSV with a header row, streamed a record at a time.</summary>
internal static class SeparatedValuesReader
{
    public static async IAsyncEnumerable<Document> ReadAsync(ReadContext context, [EnumeratorCancellation] CancellationToken ct)
    {
        var first = new byte[TextDecoder.SniffedBytes];
        var read = await context.Stream.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        if (TextDecoder.IsBinary(first.AsSpan(0, read))) throw new InvalidFormatException("The file is binary, not separated values.");
        var stream = new SourceFile.Unowned(context.Stream, first.AsMemory(0, read));
        var reader = CsvReader.Create(stream, Options(context), leaveOpen: true);
        await using var closing = reader.ConfigureAwait(false);
        await reader.ReadHeaderAsync(ct).ConfigureAwait(false);
        if (reader.Headers.Count == 0) yield break;
        var columns = new Columns(reader.Headers, context.Options);
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            if (columns.Read(reader, context.Failures) is { } document) yield return document;
        }
    }

    private static CsvReaderOptions Options(ReadContext context) => new()
    {
        Separator = context.Source.Format == DocumentFormat.Tsv ? '\t' : null,
        MaxRecordSize = context.Options.MaxRecordBytes,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Recover,
        OnMalformedRecord = bad =>
        {
            // A stray quote in an unquoted field is kept as the character it is: nothing to tell.
            if (bad.Reason == CsvMalformedReason.UnterminatedQuote)
                context.Failures.Fail("A quoted field is never closed, so it took in the rest of the file. Close the quote, or double it.", bad.LineNumber);
            else if (bad.Reason == CsvMalformedReason.TextAfterClosingQuote)
                context.Failures.Warn("There is text after a closing quote; it was kept. Double quotes inside quoted fields.", bad.LineNumber);
        },
    };

    /// <summary>What each column is for.</summary>
    private sealed class Columns
    {
        private readonly string[] _names;
        private readonly int[] _text;
        private readonly int _id;
        private readonly int _title;
        private readonly bool _labelled;
        private readonly bool[] _isMetadata;

        public Columns(IReadOnlyList<string> headers, DocumentReadOptions options)
        {
            _names = [.. headers.Select((name, index) => string.IsNullOrWhiteSpace(name) ? $"column {index + 1}" : name.Trim())];
            _id = First(options.IdFields);
            _title = First(options.TitleFields);
            if (options.TextColumns is { Count: > 0 } chosen) _text = [.. chosen.Select(Require)];
            else if (First(options.TextFields) is >= 0 and var text) _text = [text];
            else
            {
                _labelled = true;
                _text = [.. Enumerable.Range(0, _names.Length).Where(index => index != _id && index != _title)];
            }
            _isMetadata = new bool[_names.Length];
            for (var i = 0; i < _names.Length; i++)
                _isMetadata[i] = i != _id && i != _title && (_labelled || !_text.Contains(i)) && !options.IgnoredFields.Contains(_names[i]);
        }

        public Document? Read(CsvReader reader, FailureSink failures)
        {
            var line = reader.LineNumber;
            var title = Field(reader, _title, failures)?.Trim();
            if (string.IsNullOrEmpty(title)) title = null;
            else title = TextDecoder.NormaliseLineEnds(title).Replace('\n', ' ');
            var body = Body(reader, failures);
            var id = Field(reader, _id, failures)?.Trim();
            if (id is { Length: > JsonLinesReader.MaxIdLength })
                failures.Fail($"The id has {id.Length} characters; at most {JsonLinesReader.MaxIdLength} are allowed.", line);
            else if (title is null && string.IsNullOrWhiteSpace(body))
                failures.Fail($"The text is empty. It is read from {string.Join(", ", _text.Select(index => _names[index]))}.", line);
            else
            {
                var (text, blocks) = Paragraphs.OfRecord(title, body);
                return new Document(string.IsNullOrEmpty(id) ? null : id, title, text, Metadata(reader, failures), blocks) { Line = line, IsRecord = true };
            }
            return null;
        }

        private string Body(CsvReader reader, FailureSink failures)
        {
            if (_text.Length == 1 && !_labelled) return Field(reader, _text[0], failures) ?? "";
            var body = new StringBuilder();
            foreach (var index in _text)
            {
                if (Field(reader, index, failures) is not { } value || string.IsNullOrWhiteSpace(value)) continue;
                if (body.Length > 0) body.Append('\n');
                if (_labelled) body.Append(_names[index]).Append(": ");
                body.Append(value.Trim());
            }
            return body.ToString();
        }

        private JsonObject? Metadata(CsvReader reader, FailureSink failures)
        {
            JsonObject? metadata = null;
            for (var i = 0; i < _isMetadata.Length; i++)
            {
                if (_isMetadata[i] && Field(reader, i, failures) is { Length: > 0 } value) (metadata ??= [])[_names[i]] = JsonValues.FromText(value);
            }
            return metadata;
        }

        private static string? Field(CsvReader reader, int index, FailureSink failures)
        {
            if (index < 0 || index >= reader.FieldCount) return null;
            var bytes = reader.GetSpan(index);
            if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
            failures.WarnEncoding(reader.LineNumber);
            return TextDecoder.Windows1252.GetString(bytes);
        }

        private int First(IReadOnlyList<string> candidates)
        {
            foreach (var candidate in candidates)
            {
                var index = Array.FindIndex(_names, name => name.Equals(candidate, StringComparison.OrdinalIgnoreCase));
                if (index >= 0) return index;
            }
            return -1;
        }

        private int Require(string column) => First([column]) is >= 0 and var index
            ? index
            : throw new InvalidFormatException($"There is no column '{column}'. The columns are {string.Join(", ", _names)}.");
    }
}
