namespace Matryoshka.Tests.Storage;

/// <summary>Files of the source tree, found by walking up from where the tests run.</summary>
internal static class RepositoryFiles
{
    public static string Path(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Matryoshka.slnx")))
                return System.IO.Path.Combine([folder.FullName, .. parts]);
        }
        throw new FileNotFoundException("The tests do not run inside the repository.");
    }
}
