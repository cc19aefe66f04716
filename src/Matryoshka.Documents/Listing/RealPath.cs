namespace Matryoshka.Documents.Listing;

/// <summary>The path of a folder with every symbolic link on the way resolved, so that two ways to one folder compare equal.</summary>
internal static class RealPath
{
    // Linux gives up after 40 links as well: more is a loop.
    private const int MaxLinks = 40;

    /// <summary>Null when the links form a loop.</summary>
    public static string? Of(string folder)
    {
        var links = 0;
        var full = Path.GetFullPath(folder);
        var root = Path.GetPathRoot(full) ?? "";
        var rest = new Stack<string>(Parts(full[root.Length..]));
        var real = root;
        while (rest.TryPop(out var part))
        {
            var next = Path.Combine(real, part);
            if (new DirectoryInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MaxLinks) return null;
            target = Path.GetFullPath(target, real);
            real = Path.GetPathRoot(target) ?? "";
            foreach (var piece in Parts(target[real.Length..])) rest.Push(piece);
        }
        return real;
    }

    /// <summary>The components, last first: ready to be pushed.</summary>
    private static IEnumerable<string> Parts(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse();
}
