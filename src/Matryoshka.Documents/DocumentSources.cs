using Matryoshka.Documents.Listing;
using Matryoshka.Documents.Reading;

namespace Matryoshka.Documents;

/// <summary>Finds the files to read.</summary>
public static class DocumentSources
{
    /// <summary>
    /// Turns paths into sources. A folder is listed with all folders below it, except hidden entries (a leading dot, so also
    /// <c>.git</c> and <c>.mrl</c>), <c>node_modules</c> and links back into what is being listed; files of unknown extension are
    /// counted and skipped. A folder that holds a <c>corpus.jsonl</c> is a BEIR collection: the corpus is its only source. A file named
    /// itself is read as text when its extension is unknown, unless it is binary. <c>-</c> is standard input.
    /// </summary>
    /// <param name="paths">Files, folders and <c>-</c>; relative ones start at <see cref="DocumentSourceOptions.WorkingFolder"/>.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="ct">Stops between two paths.</param>
    /// <returns>The sources and what could not become one; nothing about a path is thrown.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static DocumentListing Enumerate(IEnumerable<string> paths, DocumentSourceOptions? options = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var list = new SourceList(options ?? new DocumentSourceOptions());
        foreach (var path in paths)
        {
            ct.ThrowIfCancellationRequested();
            list.Add(path);
        }
        return list.Build();
    }

    private sealed class SourceList
    {
        private readonly DocumentSourceOptions _options;
        private readonly string _workingFolder;
        private readonly List<DocumentSource> _sources = [];
        private readonly List<DocumentFailure> _failures = [];
        private readonly List<string> _roots = [];
        private readonly SortedDictionary<string, int> _skipped = new(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private readonly FolderWalk _walk;

        public SourceList(DocumentSourceOptions options)
        {
            _options = options;
            _workingFolder = Path.GetFullPath(options.WorkingFolder);
            _walk = new FolderWalk(Add, extension => _skipped[extension] = _skipped.GetValueOrDefault(extension) + 1, Fail);
        }

        public DocumentListing Build() => new(_sources, _failures, _skipped) { Roots = _roots };

        public void Add(string given)
        {
            if (given == "-")
            {
                if (_seen.Add(given))
                    _sources.Add(new(DocumentSource.StandardInputName, given, -1, DateTimeOffset.UtcNow, _options.StandardInputFormat));
                return;
            }
            try
            {
                var path = Path.GetFullPath(given, _workingFolder);
                if (Directory.Exists(path)) AddFolder(Path.TrimEndingDirectorySeparator(path));
                else if (!File.Exists(path)) Fail(given, "There is no such file or folder. Check the path; folders are listed with all folders below them.");
                else AddNamed(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                Fail(given, $"The path cannot be used: {error.Message}");
            }
        }

        private void AddFolder(string path)
        {
            _roots.Add(path == _workingFolder ? "" : NameOf(path, DocumentFormat.Detect));
            _walk.Visit(path);
        }

        private void AddNamed(string path)
        {
            if (!Formats.TryOf(path, out var format)) format = TextDecoder.SniffFile(path);
            if (format != DocumentFormat.Detect) Add(path, format);
            else Fail(path, "The file is binary, not text. Give text, Markdown, HTML, PDF, JSON lines, CSV or TSV files.");
        }

        private void Add(string path, DocumentFormat format)
        {
            if (!_seen.Add(path)) return;
            try
            {
                var file = new FileInfo(path);
                if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
                _sources.Add(new(NameOf(path, format), path, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero), format));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Fail(path, $"The file cannot be opened: {error.Message} Check its permissions, or leave it out.");
            }
        }

        private void Fail(string path, string message) =>
            _failures.Add(new(Path.IsPathRooted(path) ? NameOf(path, DocumentFormat.Text) : path, null, message));

        private string NameOf(string path, DocumentFormat format)
        {
            if (format == DocumentFormat.Beir) path = Path.GetDirectoryName(path) ?? path;
            var relative = Path.GetRelativePath(_workingFolder, path);
            var outside = relative == ".." || relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.IsPathRooted(relative);
            // The working folder itself as a BEIR folder would be called ".": its own name tells more.
            var name = outside ? path : relative == "." ? Path.GetFileName(path) : relative;
            return Path.DirectorySeparatorChar == '/' ? name : name.Replace(Path.DirectorySeparatorChar, '/');
        }
    }
}
