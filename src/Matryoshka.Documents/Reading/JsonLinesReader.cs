using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Matryoshka.Documents.Reading;

/// <summary>JSON lines, BEIR included: streamed, a line in memory at a time; a bad line costs itself only.</summary>
internal static class JsonLinesReader
{
    internal const int MaxIdLength = 1024;

    public static async IAsyncEnumerable<Document> ReadAsync(ReadContext context, [EnumeratorCancellation] CancellationToken ct)
    {
        var (stream, first) = await SkipMarkAsync(context.Stream, ct).ConfigureAwait(false);
        if (TextDecoder.IsBinary(first)) throw new InvalidFormatException("The file is binary, not JSON lines.");
        using var lines = new ByteLines(stream, context.Options.MaxRecordBytes);
        while (await lines.MoveNextAsync(ct).ConfigureAwait(false))
        {
            if (Parse(lines, context) is { } document) yield return document;
        }
    }

    /// <summary>A stream of UTF-8 without a mark, whatever the encoding that the mark announced, and the bytes sniffed.</summary>
    private static async Task<(Stream Stream, byte[] First)> SkipMarkAsync(Stream stream, CancellationToken ct)
    {
        var first = new byte[TextDecoder.SniffedBytes];
        var read = await stream.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        Array.Resize(ref first, read);
        var (encoding, length) = TextDecoder.MarkOf(first);
        Stream whole = new SourceFile.Unowned(stream, first.AsMemory(length));
        if (encoding is not null && encoding.CodePage != 65001) whole = Encoding.CreateTranscodingStream(whole, encoding, Encoding.UTF8);
        return (whole, first);
    }

    private static Document? Parse(ByteLines lines, ReadContext context)
    {
        if (lines.TooLong)
        {
            context.Failures.Fail($"The line is longer than {context.Options.MaxRecordBytes} bytes, the most that is read. Shorten it, or raise the limit.", lines.Number);
            return null;
        }
        var line = lines.Line;
        if (line.Span.Trim(" \t"u8).IsEmpty) return null;
        if (!Utf8.IsValid(line.Span))
        {
            context.Failures.WarnEncoding(lines.Number);
            line = Encoding.UTF8.GetBytes(TextDecoder.Windows1252.GetString(line.Span));
        }
        try
        {
            using var json = JsonDocument.Parse(line);
            return Record.Read(json.RootElement, lines.Number, context.Options);
        }
        catch (JsonException error)
        {
            context.Failures.Fail($"The line is not a JSON object: {Reason(error)}. Each line must be one complete object.", lines.Number);
        }
        catch (InvalidOperationException)
        {
            // A string that cannot be UTF-16, such as "\ud800", throws this when it is read.
            context.Failures.Fail("A string of the line holds half of a surrogate pair. Write the character in full.", lines.Number);
        }
        catch (InvalidFormatException error)
        {
            context.Failures.Fail(error.Message, lines.Number);
        }
        return null;
    }

    private static string Reason(JsonException error)
    {
        var end = error.Message.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? error.Message.TrimEnd('.') : error.Message[..end];
    }

    private static class Record
    {
        public static Document Read(JsonElement json, long line, DocumentReadOptions options)
        {
            if (json.ValueKind != JsonValueKind.Object)
                throw new InvalidFormatException($"The line is a JSON {json.ValueKind.ToString().ToLowerInvariant()}, not an object. Each line must be one complete object.");
            var textField = Find(json, options.TextFields);
            var titleField = Find(json, options.TitleFields);
            var idField = Find(json, options.IdFields);
            var title = titleField is null ? null : TitleOf(json.GetProperty(titleField));
            var body = textField is null ? null : TextOf(json.GetProperty(textField), textField);
            if (body is null && title is null)
                throw new InvalidFormatException($"The object has none of the fields {string.Join(", ", options.TextFields)}. Name the field that holds the text.");
            if (string.IsNullOrWhiteSpace(body) && title is null) throw new InvalidFormatException($"The field {textField} is empty.");
            var (text, blocks) = Paragraphs.OfRecord(title, body ?? "");
            // An id or title that is no string or number stays where the user can see it.
            var id = idField is null ? null : IdOf(json.GetProperty(idField));
            var metadata = Metadata(json, options, textField, title is null ? null : titleField, id is null ? null : idField);
            return new Document(id, title, text, metadata, blocks) { Line = line, IsRecord = true };
        }

        private static string? Find(JsonElement json, IReadOnlyList<string> names)
        {
            foreach (var name in names)
            {
                if (json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null) return name;
            }
            return null;
        }

        private static string TextOf(JsonElement value, string field) => value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new InvalidFormatException($"The field {field} is a JSON {value.ValueKind.ToString().ToLowerInvariant()}, not a string.");

        private static string? TitleOf(JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.String) return null;
            var title = value.GetString()!.AsSpan().Trim();
            if (title.IsEmpty) return null;
            // A heading is one line: paragraphs of a title would be taken for paragraphs of the text.
            return title.ContainsAny('\n', '\r') ? string.Join(' ', title.ToString().Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries)) : title.ToString();
        }

        private static string? IdOf(JsonElement value)
        {
            var id = value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
            if (id is { Length: > MaxIdLength })
                throw new InvalidFormatException($"The id has {id.Length} characters; at most {MaxIdLength} are allowed.");
            return string.IsNullOrEmpty(id) ? null : id;
        }

        private static JsonObject? Metadata(JsonElement json, DocumentReadOptions options, string? text, string? title, string? id)
        {
            JsonObject? metadata = null;
            var own = default(JsonElement);
            foreach (var property in json.EnumerateObject())
            {
                var name = property.Name;
                if (name == text || name == title || name == id || options.IgnoredFields.Contains(name)) continue;
                if (name == "metadata" && property.Value.ValueKind == JsonValueKind.Object) own = property.Value;
                else if (property.Value.ValueKind != JsonValueKind.Null) (metadata ??= [])[name] = JsonValues.Copy(property.Value);
            }
            if (own.ValueKind != JsonValueKind.Object) return metadata;
            // What the metadata object says outranks a field of the same name beside it.
            foreach (var property in own.EnumerateObject()) (metadata ??= [])[property.Name] = JsonValues.Copy(property.Value);
            return metadata;
        }
    }
}
