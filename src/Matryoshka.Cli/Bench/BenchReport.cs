using System.Globalization;
using Matryoshka.Cli.Output;
using Matryoshka.Tuning.Cost;
using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Cli.Bench;

/// <summary>Writes what was measured: a table, lines, or JSON.</summary>
internal static class BenchReport
{
    public static void Write(Session session, BenchRun run, CollectionInfo info, CollectionReader reader, string truth)
    {
        // Before anything is drawn: the table's library takes memory too.
        var resident = Machine.ResidentBytes();
        var measured = run.Plans.Where(plan => plan.Recall is not null).ToList();
        var front = ParetoFront.Of(measured.Where(plan => plan.QueriesPerSecond is not null), plan => plan.Recall!.Value, plan => plan.QueriesPerSecond!.Value);
        if (session.Json)
        {
            session.WriteJson(Json(session, run, info, reader, truth, resident, measured, front), CliJson.Shapes.BenchJson);
            return;
        }
        var shown = run.Settings.Sweep && front.Count > 0 ? front : measured;
        Table(run, info, shown).Write(session);
        var k = run.Settings.K.ToString(CultureInfo.InvariantCulture);
        if (run.Settings.Sweep && front.Count > 0)
            session.Note($"The best of {Figures.Count(measured.Count, "plan")}: every other one is both slower and finds less.");
        session.Note($"Recall@{k} is against {truth}. Memory: {Figures.Bytes(resident.Now)} resident, {Figures.Bytes(resident.Peak)} at most, of {Figures.Bytes(reader.Bytes)} of planes mapped.");
    }

    private static Sheet Table(BenchRun run, CollectionInfo info, List<MeasuredPlan> plans)
    {
        var settings = run.Settings;
        var sheet = new Sheet(
            new("plan"), new($"recall@{settings.K.ToString(CultureInfo.InvariantCulture)}", Right: true), new("q/s", Right: true),
            new("p50 µs", Right: true), new("p95 µs", Right: true), new("p99 µs", Right: true), new("bytes a query", Right: true))
        {
            Title = $"{Figures.Count(info.Records, "record")} x {info.Recipe.Dimensions.Full}, {Figures.Grouped(run.Queries.Count)} queries, "
                + $"{Figures.Count(settings.Threads, "thread")}{(settings.Filter is { } filter ? $", filter {filter}" : "")}",
        };
        var best = new Best(
            plans.Max(plan => plan.Recall), plans.Max(plan => plan.QueriesPerSecond), plans.Min(plan => plan.Percentile(0.5)),
            plans.Min(plan => plan.Percentile(0.95)), plans.Min(plan => plan.Percentile(0.99)), plans.Min(plan => plan.BytesRead));
        foreach (var plan in plans)
            sheet.Add(
                new Cell(NameOf(plan), CellStyle.Accent),
                Number(plan.Recall, "0.0000", best.Recall, plans.Count),
                Number(plan.QueriesPerSecond, plan.QueriesPerSecond < 100 ? "0.0" : "N0", best.Rate, plans.Count, "0.0"),
                Number(plan.Percentile(0.5), "N0", best.P50, plans.Count, "0.0"),
                Number(plan.Percentile(0.95), "N0", best.P95, plans.Count, "0.0"),
                Number(plan.Percentile(0.99), "N0", best.P99, plans.Count, "0.0"),
                Cell.Bytes((long)plan.BytesRead, StyleOf(plan.BytesRead, best.Bytes, plans.Count)));
        return sheet;
    }

    private sealed record Best(double? Recall, double? Rate, double? P50, double? P95, double? P99, double Bytes);

    private static Cell Number(double? value, string format, double? best, int plans, string? machine = null) => value is not { } number ? new Cell("-")
        : new Cell(number.ToString(format, CultureInfo.InvariantCulture), StyleOf(number, best, plans), machine is null ? null : number.ToString(machine, CultureInfo.InvariantCulture));

    // The best of one is no distinction.
    private static CellStyle StyleOf(double value, double? best, int plans) => plans > 1 && value.Equals(best) ? CellStyle.Good : CellStyle.Plain;

    // A name that is no plan by itself is followed by what it stands for.
    private static string NameOf(MeasuredPlan plan)
    {
        var resolved = plan.Resolved.ToString();
        return plan.Name == resolved || plan.Name.Contains(':', StringComparison.Ordinal) ? resolved : $"{plan.Name}: {resolved}";
    }

    private static BenchJson Json(Session session, BenchRun run, CollectionInfo info, CollectionReader reader, string truth, (long Now, long Peak) resident, List<MeasuredPlan> measured, List<MeasuredPlan> front)
    {
        var settings = run.Settings;
        return new(
            Machine.Current(), session.Directory, info.Records, info.Recipe.Dimensions.Full, Figures.Name(info.FullPrecision), info.Segments.Count,
            settings.Filter?.ToString(), settings.K, settings.Threads, settings.Rounds, run.Queries.Count, truth, run.Complete,
            reader.Bytes, resident.Now, resident.Peak,
            [.. measured.Select(plan => new PlanJson(
                plan.Name, plan.Resolved.ToString(), plan.Recall!.Value, plan.QueriesPerSecond, plan.Percentile(0.5), plan.Percentile(0.95), plan.Percentile(0.99),
                plan.BytesRead, plan.Microseconds.Count, plan.Rates, front.Contains(plan)))],
            run.Failures);
    }
}

/// <summary>What <c>mrl bench</c> measured.</summary>
internal sealed record BenchJson(
    Machine Machine, string Collection, long Rows, int Dimensions, string FullPrecision, int Segments, string? Filter, int K, int Threads, int Rounds,
    int Queries, string Truth, bool Complete, long PlaneBytes, long ResidentBytes, long PeakResidentBytes,
    IReadOnlyList<PlanJson> Plans, IReadOnlyList<PlanFailure> Failures);

/// <param name="Name">The plan as it was named.</param>
/// <param name="Plan">The plan that ran.</param>
/// <param name="Recall">Mean share of the true best k that was found.</param>
/// <param name="QueriesPerSecond">All threads together, median of the rounds; null if interrupted before the first.</param>
/// <param name="P50Microseconds">Median time of a query.</param>
/// <param name="P95Microseconds">95th percentile.</param>
/// <param name="P99Microseconds">99th percentile.</param>
/// <param name="BytesRead">Mean bytes of planes read a query.</param>
/// <param name="Samples">Queries timed.</param>
/// <param name="RoundRates">Queries a second of each round.</param>
/// <param name="OnFront">Whether no other plan is as good in both recall and queries a second and better in one.</param>
internal sealed record PlanJson(
    string Name, string Plan, double Recall, double? QueriesPerSecond, double? P50Microseconds, double? P95Microseconds, double? P99Microseconds,
    double BytesRead, long Samples, IReadOnlyList<double> RoundRates, bool OnFront);
