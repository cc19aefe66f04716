namespace Matryoshka.Documents;

/// <summary>What <see cref="DocumentSources.Enumerate"/> found.</summary>
/// <param name="Sources">The sources, in the order of the paths given and ordinally sorted inside a folder, none twice.</param>
/// <param name="Failures">Paths that do not exist, cannot be opened or are binary.</param>
/// <param name="SkippedExtensions">How many files of folders were passed over for their extension (<c>.png</c>; empty for none).</param>
public sealed record DocumentListing(
    IReadOnlyList<DocumentSource> Sources,
    IReadOnlyList<DocumentFailure> Failures,
    IReadOnlyDictionary<string, int> SkippedExtensions)
{
    /// <summary>How many files of folders were passed over for their extension, in all.</summary>
    public int SkippedFiles => SkippedExtensions.Values.Sum();

    /// <summary>The folders listed, by the names their sources begin with; empty for the working folder itself.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    /// <summary>
    /// Whether a source of this name would have been listed if it still existed: it lies in a folder listed, and not in
    /// one that could not be read.
    /// </summary>
    public bool Covers(string name) =>
        Roots.Any(root => root.Length == 0 ? !Path.IsPathRooted(name) : Within(name, root)) && !Failures.Any(failure => Within(name, failure.Source));

    private static bool Within(string name, string folder) =>
        name == folder || (name.StartsWith(folder, StringComparison.Ordinal) && name.Length > folder.Length && name[folder.Length] == '/');
}

/// <summary>How paths become sources.</summary>
public sealed record DocumentSourceOptions
{
    /// <summary>The folder that relative paths and source names start from; the process's current folder by default.</summary>
    public string WorkingFolder { get; init; } = Environment.CurrentDirectory;

    /// <summary>How standard input is read; by default decided from its first byte.</summary>
    public DocumentFormat StandardInputFormat { get; init; } = DocumentFormat.Detect;
}
