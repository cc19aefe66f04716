namespace Matryoshka.Tests.Encoders;

/// <summary>Data that lies beside a checkout on some machines; tests that want it skip elsewhere.</summary>
internal static class SharedData
{
    public static string? Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var found = Path.Combine(folder.FullName, "shared", path);
            if (Path.Exists(found))
                return found;
        }
        return null;
    }
}
