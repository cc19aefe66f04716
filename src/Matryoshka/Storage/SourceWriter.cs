namespace Matryoshka.Storage;

/// <summary>Keeps a source's records in step with the source.</summary>
internal static class SourceWriter
{
    public static int Complete(WriteSession session, IEnumerable<SourceUpdate> sources, CancellationToken cancellationToken) => session.Commit(catalog =>
    {
        var removed = 0;
        foreach (var update in sources)
        {
            removed += Delete(session, catalog, catalog.KeysOfSource(WholeText.Of(update.Source)).Where(key => !update.Keys.Contains(key)), cancellationToken);
            catalog.SetSource(WholeText.Of(update.Source), WholeText.Of(update.Stamp));
        }
        return removed;
    });

    public static int Remove(WriteSession session, IEnumerable<string> sources, CancellationToken cancellationToken) => session.Commit(catalog =>
    {
        var removed = 0;
        foreach (var source in sources)
        {
            removed += Delete(session, catalog, catalog.KeysOfSource(source), cancellationToken);
            catalog.RemoveSource(source);
        }
        return removed;
    });

    private static int Delete(WriteSession session, CatalogConnection catalog, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var deleted = 0;
        foreach (var key in keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var stored = catalog.ByKey(key) ?? throw new CorruptFileException(catalog.Path, $"record '{key}' is listed by its source but not found by its key");
            catalog.DeleteRecord(stored.Id, session.Store.Meta.Keywords);
            deleted++;
        }
        return deleted;
    }
}
