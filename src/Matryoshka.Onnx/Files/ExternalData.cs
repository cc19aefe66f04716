using System.Security.Cryptography;

namespace Matryoshka.Onnx.Files;

/// <summary>The files beside an ONNX file that hold its larger tensors.</summary>
internal static class ExternalData
{
    /// <summary>Finds them, and refuses any outside the model's folder.</summary>
    /// <param name="folder">The model's folder, which holds the ONNX file at any depth.</param>
    /// <param name="modelPath">The ONNX file; locations are relative to its folder.</param>
    /// <exception cref="InvalidFormatException">A file lies elsewhere or is missing.</exception>
    public static List<string> Find(string folder, string modelPath)
    {
        var root = Path.GetFullPath(folder);
        var beside = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        var files = new List<string>();
        foreach (var location in OnnxFileScan.ExternalLocations(modelPath))
        {
            if (location.Length == 0 || Path.IsPathRooted(location) || location.Contains(':', StringComparison.Ordinal) || location.Contains('\0', StringComparison.Ordinal)
                || location.Split('/', '\\').Contains(".."))
                throw Outside(modelPath, location);
            var file = Path.GetFullPath(Path.Join(beside, location));
            if (!IsBelow(file, root))
                throw Outside(modelPath, location);
            if (!File.Exists(file))
                throw new InvalidFormatException($"'{modelPath}' keeps tensors in '{location}', which is missing; pull the model again, or copy the file beside it.");
            if (LeavesByLink(file, root))
                throw Outside(modelPath, location);
            files.Add(file);
        }
        return files;
    }

    /// <summary>SHA-256 over a model's file and its external data, in ordinal order of their locations.</summary>
    public static string Hash(string modelPath, IEnumerable<string> external)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        foreach (var path in external.Prepend(modelPath))
        {
            using var file = File.OpenRead(path);
            for (int read; (read = file.Read(buffer)) > 0;)
                hash.AppendData(buffer.AsSpan(0, read));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // A hub's cache holds links into its own blobs, three levels above a snapshot's files; any other way out is refused.
    private static bool LeavesByLink(string file, string root)
    {
        for (var folder = Path.GetDirectoryName(file); folder is not null && folder.Length > root.Length; folder = Path.GetDirectoryName(folder))
            if (new DirectoryInfo(folder).LinkTarget is not null)
                return true;
        if (new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName is not { } target)
            return false;
        var snapshots = Path.GetDirectoryName(root);
        var inBlobs = Path.GetFileName(snapshots) == "snapshots" && IsBelow(Path.GetFullPath(target), Path.Join(Path.GetDirectoryName(snapshots), "blobs"));
        return !inBlobs && !IsBelow(Path.GetFullPath(target), root);
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static InvalidFormatException Outside(string modelPath, string location) =>
        new($"'{modelPath}' keeps tensors in '{location}', outside its own folder; such a model is not opened.");
}
