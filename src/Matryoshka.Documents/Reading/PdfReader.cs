using UglyToad.PdfPig;
using UglyToad.PdfPig.Exceptions;

namespace Matryoshka.Documents.Reading;

/// <summary>
/// The text of a PDF, page by page. The file is parsed on a thread of its own: damaged files recurse deeper than a pool thread's stack
/// and some keep the parser in a loop; a thread with a large stack survives the former and can be abandoned for the latter.
/// </summary>
internal static class PdfReader
{
    public static async Task<Document?> ReadAsync(byte[] bytes, ReadContext context, CancellationToken ct)
    {
        var work = new Work(bytes);
        try
        {
            await WaitAsync(work, DeepStack.RunAsync(work.Run), context.Options.ParseTimeout, ct).ConfigureAwait(false);
        }
        finally
        {
            work.Abandon();
        }
        foreach (var failure in work.Failures) context.Failures.Fail(failure);
        var blocks = work.Output.Blocks;
        if (blocks.Count > 0) return new Document(null, work.Title, work.Output.Text, null, blocks);
        if (work.Failures.Count == 0)
            throw new InvalidFormatException("The PDF has no text; its pages are probably scanned images. Run text recognition (OCR) on it first.");
        return null;
    }

    private static async Task WaitAsync(Work work, Task finished, TimeSpan limit, CancellationToken ct)
    {
        while (true)
        {
            var pages = work.PagesDone;
            try
            {
                await finished.WaitAsync(limit, ct).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException)
            {
                if (work.PagesDone == pages)
                    throw new InvalidFormatException($"The PDF was given up: page {pages + 1} took longer than {limit.TotalSeconds:0} s. It may be damaged; print it to a new PDF.");
            }
        }
    }

    /// <summary>Owned by the parsing thread until that ends; an abandoned one is never looked at again.</summary>
    private sealed class Work(byte[] bytes)
    {
        private volatile bool _abandoned;
        private volatile int _pagesDone;

        public int PagesDone => _pagesDone;
        public BlockWriter Output { get; } = new();
        public List<string> Failures { get; } = [];
        public string? Title { get; private set; }

        public void Abandon() => _abandoned = true;

        public bool Run()
        {
            try
            {
                using var pdf = PdfDocument.Open(bytes, new ParsingOptions { UseLenientParsing = true, SkipMissingFonts = true, FilterProvider = new FlateLimit() });
                Title = UsableTitle(pdf.Information.Title);
                for (var number = 1; number <= pdf.NumberOfPages && !_abandoned; number++, _pagesDone++) ReadPage(pdf, number);
            }
            catch (PdfDocumentEncryptedException)
            {
                Failures.Add("The PDF is encrypted. Save a copy without a password.");
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The parser throws whatever a damaged file makes it trip over, null references included.
                Failures.Add($"The PDF cannot be read: {Reason(error)} It may be damaged; print it to a new PDF.");
            }
            catch (OutOfMemoryException)
            {
                Failures.Add("The PDF is too large for the memory of this machine. Split it.");
            }
            return Failures.Count == 0;
        }

        private void ReadPage(PdfDocument pdf, int number)
        {
            try
            {
                PdfLayout.Write(pdf.GetPage(number), Output);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Failures.Add($"Page {number} cannot be read: {Reason(error)} It was left out.");
            }
        }

        private static string Reason(Exception error)
        {
            var line = error.Message.AsSpan().Trim();
            var end = line.IndexOfAny('\r', '\n');
            line = end < 0 ? line : line[..end];
            if (line.Length > 200) line = line[..200];
            return line.TrimEnd('.').ToString() + ".";
        }

        /// <summary>Titles that only name the program or file a document was made from say nothing about it.</summary>
        private static string? UsableTitle(string? title)
        {
            title = title?.Trim().ReplaceLineEndings(" ");
            if (string.IsNullOrEmpty(title) || title.Length > 300) return null;
            if (title.StartsWith("Microsoft ", StringComparison.OrdinalIgnoreCase) || title.StartsWith("untitled", StringComparison.OrdinalIgnoreCase)) return null;
            var isFile = Path.GetExtension(title.AsSpan()) is { Length: > 1 and < 6 } extension && !extension.Contains(' ') && !extension.ContainsAnyInRange('0', '9');
            return isFile ? null : title;
        }
    }
}
