using Matryoshka.Search;
using Matryoshka.Storage;

namespace Matryoshka;

public sealed partial class Collection
{
    private const int LongestPlanName = 64;

    /// <summary>The plans stored in the collection, by name.</summary>
    public IReadOnlyList<StoredPlan> GetPlans() => store.Query(catalog => catalog.Plans());

    /// <summary>Stores a plan under its name, replacing one of that name; readers and other processes see it from their next search on.</summary>
    /// <param name="plan">The plan. <see cref="StoredPlan.IsDefault"/> true makes it what searches run; false leaves the default as it is.</param>
    /// <param name="cancellationToken">Ends the wait for another writer.</param>
    /// <exception cref="MatryoshkaException">The name or the plan cannot be used on this collection; the message says why.</exception>
    public async Task StorePlanAsync(StoredPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        RequirePlanName(plan.Name);
        RequireK(plan.K);
        _ = store.QueryVectors(session => PlanResolver.Resolve(store.Meta, new() { K = plan.K, Plan = plan.Plan }, plan.K, Recipe.Dimensions.Full, session.Snapshot));
        var stamped = plan with { Stored = plan.Stored == default ? DateTimeOffset.UtcNow : plan.Stored };
        await WritePlansAsync(catalog =>
        {
            catalog.SetPlan(stamped);
            if (plan.IsDefault)
                catalog.SetDefaultPlan(plan.Name);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a stored plan what searches run when they name none.</summary>
    /// <param name="name">Its name; null for the built-in plan.</param>
    /// <param name="cancellationToken">Ends the wait for another writer.</param>
    /// <exception cref="MatryoshkaException">There is no such plan.</exception>
    public Task UseDefaultPlanAsync(string? name, CancellationToken cancellationToken = default) => WritePlansAsync(catalog =>
    {
        if (name is not null && !catalog.HasPlan(name))
            throw new MatryoshkaException($"There is no plan '{name}' in '{Directory}': {Known(catalog)}.");
        catalog.SetDefaultPlan(name);
        return true;
    }, cancellationToken);

    /// <summary>Removes a stored plan; if it was the default, searches run the built-in plan again.</summary>
    /// <returns>Whether there was one.</returns>
    public Task<bool> RemovePlanAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return WritePlansAsync(catalog => catalog.RemovePlan(name), cancellationToken);
    }

    private async Task<bool> WritePlansAsync(Func<CatalogConnection, bool> write, CancellationToken cancellationToken)
    {
        using var session = await store.LockAsync(writerWait, cancellationToken).ConfigureAwait(false);
        return session.Commit(write);
    }

    private static string Known(CatalogConnection catalog)
    {
        var names = catalog.Plans().ConvertAll(plan => plan.Name);
        return names.Count == 0 ? "it holds none" : "it holds " + string.Join(", ", names);
    }

    private static void RequirePlanName(string name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > LongestPlanName || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            throw new MatryoshkaException($"'{name}' is not a name for a plan: use 1 to {LongestPlanName} letters, digits, '-', '_' or '.'.");
    }
}
