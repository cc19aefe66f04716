using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Matryoshka.Cli.Output;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl plans</c>: the plans a collection keeps; lists, stores, chooses and removes them.</summary>
internal static class PlansCommand
{
    public static readonly CommandEntry Entry = new("plans", "List, store, choose or remove the plans of a collection, with what was measured of them.",
    [
        "mrl plans",
        "mrl plans --set \"int8:128 x200 > f16:full\" --name mine",
        "mrl plans --use tuned",
        "mrl plans --use built-in",
        "mrl plans --remove mine",
    ], Configure);

    private const string BuiltIn = "built-in";

    private static void Configure(Command command, Session session)
    {
        var set = Options.Text("--set", "PLAN", "Store a plan and make it what searches run.");
        var name = Options.Text("--name", "NAME", "What to call the plan that --set stores. Default: manual");
        var count = Options.Number("-k", "How many hits the plan of --set is made for. Default: 10", "--top");
        var use = Options.Text("--use", "NAME", $"Make a stored plan what searches run; '{BuiltIn}' for none of them.");
        var remove = Options.Text("--remove", "NAME", "Remove a stored plan.");
        foreach (var option in (Option[])[set, name, count, use, remove])
            command.Options.Add(option);
        command.SetAction(async (result, cancellationToken) =>
        {
            var (plan, chosen, removed) = (result.GetValue(set), result.GetValue(use), result.GetValue(remove));
            if (new[] { plan, chosen, removed }.Count(text => text is not null) > 1)
                throw new UsageException("Give one of --set, --use and --remove.");
            if (plan is null && (result.GetValue(name) is not null || result.GetValue(count) is not null))
                throw new UsageException("--name and -k go with --set PLAN.");
            using var collection = session.Open();
            if (plan is not null)
            {
                var stored = new StoredPlan { Name = result.GetValue(name) ?? "manual", Plan = SearchFlags.ParsePlan(plan), K = result.GetValue(count) ?? 10, IsDefault = true };
                if (stored.Name == BuiltIn)
                    throw new UsageException($"'{BuiltIn}' is the name of the plan that no collection stores: choose another.");
                await collection.StorePlanAsync(stored, cancellationToken).ConfigureAwait(false);
            }
            if (chosen is not null)
                await collection.UseDefaultPlanAsync(chosen == BuiltIn ? null : chosen, cancellationToken).ConfigureAwait(false);
            if (removed is not null && !await collection.RemovePlanAsync(removed, cancellationToken).ConfigureAwait(false))
                throw new MatryoshkaException($"There is no plan '{removed}' in '{session.Directory}'.");
            Show(session, collection);
            return 0;
        });
    }

    private static void Show(Session session, Collection collection)
    {
        var plans = collection.GetPlans();
        if (session.Json)
        {
            session.WriteJson(new PlansJson(collection.DefaultPlan.ToString(), collection.BuiltInPlan.ToString(),
                [.. plans.Select(plan => new StoredPlanJson(plan.Name, plan.Plan.ToString(), plan.K, plan.IsDefault, plan.Stored.ToString("O", CultureInfo.InvariantCulture), plan.Measurement))]), CliJson.Shapes.PlansJson);
            return;
        }
        var sheet = new Sheet(new("default"), new("name"), new("plan"), new("k", Right: true), new("kept", Right: true), new("of"), new("queries", Right: true), new("p95", Right: true), new("memory/vector", Right: true), new("stored"));
        foreach (var plan in plans)
            sheet.Add(plan.IsDefault ? new Cell("*", CellStyle.Good) : "", new Cell(plan.Name, CellStyle.Accent), plan.Plan.ToString(), Cell.Number(plan.K),
                Measured(plan, "kept", Tuning.Reporting.Words.Percent), Text(plan, "metric"), Measured(plan, "queries", value => Figures.Grouped((long)value)),
                Measured(plan, "p95Microseconds", Tuning.Reporting.Words.Microseconds), Measured(plan, "residentBytes", Tuning.Reporting.Words.Bytes),
                new Cell(plan.Stored.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), CellStyle.Faint));
        sheet.Add(plans.Any(plan => plan.IsDefault) ? "" : new Cell("*", CellStyle.Good), new Cell(BuiltIn, CellStyle.Accent), collection.BuiltInPlan.ToString(), Cell.Number(10), "", "", "", "", "", "");
        sheet.Write(session);
    }

    private static Cell Text(StoredPlan plan, string name) => plan.Measurement?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    // Written by another version, or by hand, a measurement may lack anything.
    private static Cell Measured(StoredPlan plan, string name, Func<double, string> format) =>
        plan.Measurement?[name] is JsonValue value && value.TryGetValue<double>(out var number) ? new Cell(format(number), CellStyle.Plain, number.ToString("R", CultureInfo.InvariantCulture)) : "";
}

internal sealed record PlansJson(string DefaultPlan, string BuiltInPlan, IReadOnlyList<StoredPlanJson> Plans);

internal sealed record StoredPlanJson(string Name, string Plan, int K, bool IsDefault, string Stored, JsonObject? Measurement);
