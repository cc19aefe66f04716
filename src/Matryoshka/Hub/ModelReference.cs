using System.Text.RegularExpressions;

namespace Matryoshka.Hub;

/// <summary>Which repository and revision a user means by a model's name.</summary>
internal sealed partial record ModelReference(string Repository, string Revision, CatalogueEntry? Entry)
{
    private const string DefaultRevision = "main";

    public static ModelReference Parse(string model)
    {
        var at = model.LastIndexOf('@');
        var (name, revision) = at < 0 ? (model.Trim(), DefaultRevision) : (model[..at].Trim(), model[(at + 1)..].Trim());
        if (!IsRevision().IsMatch(revision) || revision.Contains("..", StringComparison.Ordinal))
            throw new HubException($"'{revision}' is not a revision; give a branch, a tag or a commit after the '@'.");
        if (ModelCatalogue.TryFind(name, out var entry))
            return new ModelReference(RepositoryOf(entry), revision, entry);
        if (!name.Contains('/', StringComparison.Ordinal))
            ModelCatalogue.Find(name);
        if (!IsRepository().IsMatch(name) || name.Contains("--", StringComparison.Ordinal) || name.Contains("..", StringComparison.Ordinal))
            throw new HubException($"'{model}' is not a model's name; give a name of the catalogue or owner/name[@revision].");
        return new ModelReference(name, revision, EntryOf(name));
    }

    /// <summary>The entry that a repository holds the files of, be it the publisher's own or one with a converted copy.</summary>
    public static CatalogueEntry? EntryOf(string repository) =>
        ModelCatalogue.TryFind(repository, out var entry) ? entry
        : ModelCatalogue.All.FirstOrDefault(e => e.Artefacts.Any(a => a.Repository.Equals(repository, StringComparison.OrdinalIgnoreCase)));

    private static string RepositoryOf(CatalogueEntry entry)
    {
        if (entry.Service)
            throw new HubException($"'{entry.Name}' runs at its publisher's service and has no files to pull.");
        if (entry.Name == ModelCatalogue.DefaultModel)
            throw new HubException($"'{entry.Name}' is part of this library; there is nothing to pull.");
        return entry.Artefacts.Any(a => a.Repository.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)) ? entry.Name : entry.Artefacts.Select(a => a.Repository).FirstOrDefault(entry.Name);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\z", RegexOptions.ECMAScript)]
    private static partial Regex IsRepository();

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]{0,127}(/[A-Za-z0-9][\w.-]{0,127}){0,3}\z", RegexOptions.ECMAScript)]
    private static partial Regex IsRevision();
}
