using Matryoshka.Cli.Output;
using Matryoshka.Onnx;
using Matryoshka.Remote;

namespace Matryoshka.Cli.Models;

/// <summary>A reranker ready to score, under the name it was asked by.</summary>
internal sealed record LoadedReranker(IReranker Reranker, string Name) : IDisposable
{
    /// <summary>Says how many pairs were cut to the model's limit.</summary>
    public void ReportCuts(Session session)
    {
        if (Reranker is OnnxReranker { TruncatedTexts: > 0 and var cut })
            session.Warn($"{Figures.Count(cut, "pair")} of query and text had more tokens than '{Name}' takes and lost the rest; --long-texts refuse makes that an error.");
    }

    public void Dispose() => Reranker.Dispose();
}

/// <summary>Several rerankers, by the names they were asked by.</summary>
internal sealed class LoadedRerankers : IDisposable
{
    private readonly List<LoadedReranker> loaded = [];

    public IReadOnlyDictionary<string, IReranker> ByName => loaded.ToDictionary(reranker => reranker.Name, reranker => reranker.Reranker, StringComparer.Ordinal);

    public static async Task<LoadedRerankers> LoadAsync(Session session, IEnumerable<string> names, ModelRequest request, CancellationToken cancellationToken)
    {
        var rerankers = new LoadedRerankers();
        try
        {
            foreach (var name in names)
                rerankers.loaded.Add(await RerankerLoader.LoadAsync(session, name, request, cancellationToken).ConfigureAwait(false));
            return rerankers;
        }
        catch
        {
            rerankers.Dispose();
            throw;
        }
    }

    public void ReportCuts(Session session) => loaded.ForEach(reranker => reranker.ReportCuts(session));

    public void Dispose() => loaded.ForEach(reranker => reranker.Dispose());
}

/// <summary>Finds rerankers by name: the user's own, a folder, <c>provider:model</c>, a repository.</summary>
internal static class RerankerLoader
{
    /// <summary>Search options that know the reranker of their plan, and the reranker; null for a plan without one.</summary>
    public static async Task<(SearchOptions Options, LoadedReranker? Reranker)> ForPlanAsync(Session session, SearchOptions options, ModelRequest request, CancellationToken cancellationToken)
    {
        if (options.Plan?.Rerank is not { } stage)
            return request.Endpoint is null ? (options, null) : throw new UsageException("--rerank-endpoint goes with a plan that ends in 'rerank:PROVIDER:MODEL'.");
        var loaded = await LoadAsync(session, stage.Name, request, cancellationToken).ConfigureAwait(false);
        return (options with { Rerankers = name => name == loaded.Name ? loaded.Reranker : null }, loaded);
    }

    public static async Task<LoadedReranker> LoadAsync(Session session, string name, ModelRequest request, CancellationToken cancellationToken)
    {
        var source = ModelResolver.With(Find(name, RecipeBook.Open(session, request.RecipeFile)), request, name);
        return new(source.Kind switch
        {
            ModelSource.RemoteKind => RemoteReranker.Create(source.Where, ModelLoader.RemoteOptions(source, null, request)),
            ModelSource.HubKind => await FromHubAsync(session, source, request, cancellationToken).ConfigureAwait(false),
            _ => FromFolder(source.Where, source.File, request),
        }, name);
    }

    private static ModelSource Find(string name, RecipeBook book)
    {
        if (book.Reranker(name) is { } own)
            return own.Run;
        if (Directory.Exists(name))
            return new(ModelSource.FolderKind, Path.GetFullPath(name));
        if (RemoteModel.TryParse(name, out _))
            return new(ModelSource.RemoteKind, name);
        return name.Contains('/', StringComparison.Ordinal) && !name.StartsWith('.') && !Path.IsPathRooted(name) ? new(ModelSource.HubKind, name)
            : throw new UsageException($"'{name}' is not a reranker: name a folder (tokenizer.json and model.onnx), a repository owner/name, a server's model provider:model, or one of a file for --recipes.");
    }

    private static async Task<IReranker> FromHubAsync(Session session, ModelSource source, ModelRequest request, CancellationToken cancellationToken)
    {
        var pulled = await HubModels.FindOrPullAsync(session, source.Where, source.File, request.Offline, cancellationToken).ConfigureAwait(false);
        return FromFolder(pulled.Folder, pulled.ModelFile, request);
    }

    private static OnnxReranker FromFolder(string folder, string? file, ModelRequest request) => OnnxReranker.Load(folder, ModelLoader.OnnxOptions(file, request));
}
