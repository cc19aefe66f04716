using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Models;

/// <summary>Models of a hub's cache, pulled when they are not there.</summary>
internal static class HubModels
{
    public static HubOptions Options(Session session, bool offline)
    {
        var options = HubOptions.FromEnvironment(session.Host.Variable);
        return offline ? options with { Offline = true } : options;
    }

    /// <summary>What the cache holds is used as it is; only what is missing is asked of the hub.</summary>
    public static async Task<PulledModel> FindOrPullAsync(Session session, string name, string? file, bool offline, CancellationToken cancellationToken)
    {
        var options = Options(session, offline);
        using var hub = new HubClient(options);
        if (hub.FindInCache(name, new() { ModelFile = file }) is { } found)
            return found;
        return options.Offline
            ? throw new MatryoshkaException($"'{name}' is not in the cache '{options.CacheFolder}': run 'mrl pull {name}' once, with network.")
            : await PullAsync(session, hub, name, file, cancellationToken).ConfigureAwait(false);
    }

    public static async Task<PulledModel> PullAsync(Session session, HubClient hub, string name, string? file, CancellationToken cancellationToken)
    {
        session.Kept = "what arrived is kept; the same command goes on from there";
        PulledModel pulled;
        using (var line = new PullLine(session))
            pulled = await hub.PullAsync(name, new() { ModelFile = file, Progress = line }, cancellationToken).ConfigureAwait(false);
        session.Kept = null;
        return pulled;
    }
}
