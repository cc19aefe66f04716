using System.Text.RegularExpressions;

namespace Matryoshka.Hub;

/// <summary>
/// A repository's folder in the cache that the hub's own tools share: <c>refs</c> name the commit of a branch,
/// <c>snapshots</c> hold a commit's tree of links, <c>blobs</c> the contents by checksum.
/// </summary>
internal sealed partial class HubCache(string cacheFolder, string repository)
{
    private readonly string name = "models--" + repository.Replace("/", "--", StringComparison.Ordinal);

    private string Root => Path.Join(cacheFolder, name);

    public static bool IsCommit(string text) => Commit().IsMatch(text);

    public string Snapshot(string commit) => Path.Join(Root, "snapshots", commit);

    public string Blob(string checksum) => Path.Join(Root, "blobs", checksum);

    /// <summary>The repository that a folder is a snapshot of; null for any other folder.</summary>
    public static string? RepositoryOf(string folder)
    {
        var parts = Path.GetFullPath(folder).Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        var at = Array.LastIndexOf(parts, "snapshots");
        return at > 0 && parts[at - 1] is ['m', 'o', 'd', 'e', 'l', 's', '-', '-', .. var rest] ? rest.Replace("--", "/", StringComparison.Ordinal) : null;
    }

    /// <summary>The commit last seen for a revision; null when none was.</summary>
    public string? ResolveRevision(string revision)
    {
        if (IsCommit(revision))
            return revision;
        var file = Path.Join([Root, "refs", .. revision.Split('/')]);
        return File.Exists(file) && File.ReadAllText(file).Trim() is var commit && IsCommit(commit) ? commit : null;
    }

    public void WriteRevision(string revision, string commit)
    {
        if (IsCommit(revision) || ResolveRevision(revision) == commit)
            return;
        var file = Path.Join([Root, "refs", .. revision.Split('/')]);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var written = $"{file}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(written, commit);
        File.Move(written, file, overwrite: true);
    }

    /// <summary>Paths of a commit that are there, with '/' between folders.</summary>
    public List<string> FilesOf(string commit)
    {
        var snapshot = Snapshot(commit);
        return !Directory.Exists(snapshot) ? [] : [.. Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories)
            .Where(file => File.Exists(file)).Select(file => Path.GetRelativePath(snapshot, file).Replace(Path.DirectorySeparatorChar, '/'))];
    }

    public bool Has(string commit, string path) => File.Exists(Path.Join(Snapshot(commit), path));

    /// <summary>Makes a blob appear in a commit's tree: a relative link, or a copy where links are not allowed.</summary>
    public void Link(string commit, string path, string checksum)
    {
        var link = Path.Join(Snapshot(commit), path);
        if (File.Exists(link))
            return;
        var folder = Path.GetDirectoryName(link)!;
        Directory.CreateDirectory(folder);
        var target = Blob(checksum);
        var made = $"{link}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.CreateSymbolicLink(made, Path.GetRelativePath(folder, target));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            File.Copy(target, made, overwrite: true);
        }
        // A dangling link of a removed blob is replaced with the rest.
        File.Move(made, link, overwrite: true);
    }

    /// <summary>Waits for the sole right to write a blob; it ends with the process that holds it.</summary>
    public async Task<FileStream> LockAsync(string checksum, CancellationToken cancellationToken)
    {
        var file = Path.Join(cacheFolder, ".locks", name, checksum + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        Directory.CreateDirectory(Path.Join(Root, "blobs"));
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(file))
            {
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    [GeneratedRegex("^[0-9a-f]{40}\\z")]
    private static partial Regex Commit();
}
