namespace Matryoshka.Documents.Listing;

/// <summary>Lists the readable files below a folder, ordinally sorted, each folder visited once however many links lead to it.</summary>
internal sealed class FolderWalk(Action<string, DocumentFormat> onFile, Action<string> onSkipped, Action<string, string> onFailure)
{
    internal const string CorpusFile = "corpus.jsonl";

    // Trees deeper than this come from loops that no link shows (bind mounts).
    private const int MaxDepth = 200;

    private readonly HashSet<string> _visited = new(StringComparer.Ordinal);

    public void Visit(string root)
    {
        if (RealPath.Of(root) is not { } real) onFailure(root, "The folder is a loop of symbolic links. Name the folder itself.");
        else if (_visited.Add(real)) Visit(root, real, 0);
    }

    private void Visit(string folder, string root, int depth)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            onFailure(folder, $"The folder cannot be listed: {error.Message} Check its permissions, or leave it out.");
            return;
        }
        if (Array.Find(entries, entry => entry.Name == CorpusFile && entry is FileInfo) is { } corpus)
        {
            onFile(corpus.FullName, DocumentFormat.Beir);
            return;
        }
        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var entry in entries)
        {
            if (IsHidden(entry)) continue;
            if (entry is DirectoryInfo) Descend(entry, root, depth);
            else File(entry);
        }
    }

    private void Descend(FileSystemInfo folder, string root, int depth)
    {
        if (folder.Name == "node_modules" || depth >= MaxDepth) return;
        if (RealPath.Of(folder.FullName) is not { } real) return;
        // A link to a folder above the one being listed would drag in all of its surroundings.
        if (folder.LinkTarget is not null && IsWithin(root, real)) return;
        if (_visited.Add(real)) Visit(folder.FullName, root, depth + 1);
    }

    private void File(FileSystemInfo file)
    {
        if (!Formats.TryOf(file.Name, out var format)) onSkipped(Path.GetExtension(file.Name));
        else if (file.LinkTarget is null || file.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true }) onFile(file.FullName, format);
    }

    private static bool IsHidden(FileSystemInfo entry) => entry.Name.StartsWith('.') || (entry.Attributes & FileAttributes.Hidden) != 0;

    private static bool IsWithin(string path, string folder)
    {
        if (path == folder) return true;
        var prefix = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        return path.StartsWith(prefix, StringComparison.Ordinal);
    }
}
