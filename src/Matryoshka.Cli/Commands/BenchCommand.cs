using System.CommandLine;
using Matryoshka.Cli.Bench;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Matryoshka.Tuning.Exploring;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl bench</c>: what plans find, and how fast, on the user's own collection with the user's own queries.</summary>
internal static class BenchCommand
{
    private const int DefaultRounds = 5;
    private const int MostThreads = 1024;

    public static readonly CommandEntry Entry = new("bench", "Measure plans on a collection: recall, queries a second, latency, bytes.",
    [
        "mrl bench --queries queries.jsonl",
        "mrl bench --queries q.npy --plans \"int8:128 x200 > f16:full; bit:full x500 > f16:full\"",
        "mrl bench --queries q.1000x512.f32 --grid --seconds 120 --threads 4",
        "mrl bench --queries q.f32 --plans @plans.txt --truth truth.i32 -k 10 --json",
    ], Configure);

    private static void Configure(Command command, Session session)
    {
        var queries = Options.Text("--queries", "FILE", "The queries: .f32 or .npy, or .jsonl with 'vector' or 'text' (embedded by the collection's model).");
        var plans = Options.Text("--plans", "LIST|@FILE", "The plans, separated by ';', or a file with one a line. Default: the collection's own, and exact search");
        var grid = Options.Flag("--grid", "Sweep a grid of plans and show those that no other one beats.");
        var count = Options.Number("-k", "How many hits. Default: 10", "--top");
        var threads = Options.Number("--threads", "Threads, each with one query at a time. Default: 1");
        var filter = Options.Text("--filter", "FILTER", "Search only records whose metadata match.");
        var truth = Options.Text("--truth", "FILE", "True neighbours: 100 little-endian 32-bit row numbers a query. Default: an exact search");
        var limit = Options.Number("--limit", "Use this many of the queries, from the first. Default: all");
        var seconds = Options.Seconds("--seconds", "Time for all rounds together; with --grid, for all of it. Default: 2 a plan, 60 for a grid");
        var rounds = Options.Number("--rounds", "Rounds in which the plans take turns. Default: 5");
        foreach (var option in (Option[])[queries, plans, grid, count, threads, filter, truth, limit, seconds, rounds])
            command.Options.Add(option);
        var memory = new MemoryOption(command);
        var models = new ModelOptions(command, "What embeds texts: a name of 'mrl models', a folder, owner/name, or provider:model. Default: the collection's own model",
            adapter: "What projects the embedded texts, for a collection of adapted vectors.");
        command.SetAction(async (result, cancellationToken) =>
        {
            var settings = new BenchSettings(
                result.GetValue(count) ?? 10, result.GetValue(threads) ?? 1, result.GetValue(rounds) ?? DefaultRounds, result.GetValue(seconds),
                result.GetValue(filter) is { } condition ? SearchFlags.Parsed(condition, Filter.Parse) : null, result.GetValue(grid));
            var request = new Request(
                result.GetValue(queries) ?? throw new UsageException("There is nothing to search for: give --queries FILE."),
                result.GetValue(plans) is { } list ? PlanCandidate.Parse(list) : null, result.GetValue(truth), result.GetValue(limit) ?? int.MaxValue, models.Read(result));
            Check(request, settings);
            memory.Apply(result, session);
            await RunAsync(session, request, settings, cancellationToken).ConfigureAwait(false);
            return 0;
        });
    }

    private sealed record Request(string Queries, List<PlanCandidate>? Plans, string? Truth, int Limit, ModelRequest Model);

    private static void Check(Request request, BenchSettings settings)
    {
        if (request.Plans is not null && settings.Sweep)
            throw new UsageException("Give either --plans or --grid, not both.");
        if (request.Truth is not null && settings.K > Truth.FileWidth)
            throw new UsageException($"A truth file holds {Truth.FileWidth} neighbours a query, but -k asks for {settings.K}: leave --truth out, or ask for fewer.");
        if (request.Truth is not null && settings.Filter is not null)
            throw new UsageException("A truth file knows no filter: leave --truth out, and the truth is computed under it.");
        if (settings.Threads > MostThreads)
            throw new UsageException($"--threads takes 1 to {MostThreads}, not {settings.Threads}.");
    }

    private static async Task RunAsync(Session session, Request request, BenchSettings settings, CancellationToken cancellationToken)
    {
        using var collection = session.Open();
        var info = collection.GetInfo();
        if (info.Records == 0)
            throw new MatryoshkaException($"'{session.Directory}' holds no records: there is nothing to measure.");
        var queries = BenchQueries.AreTexts(request.Queries)
            ? await BenchQueries.EmbedAsync(session, request.Queries, request.Limit, request.Model, cancellationToken).ConfigureAwait(false)
            : BenchQueries.ReadVectors(request.Queries, info.Recipe.Dimensions.Full, request.Limit);
        var exact = SearchPlan.Exact(info.FullPrecision);
        var plans = request.Plans
            ?? (settings.Sweep
                ? PlanGrid.Of(info.Recipe.Dimensions, info.FullPrecision, info.Records, settings.K).ConvertAll(plan => new PlanCandidate(plan.ToString(), plan))
                : PlanCandidate.Usual(exact));
        using var reader = settings.Filter is { } filter ? collection.OpenReader(filter) : collection.OpenReader();
        var run = new BenchRun(session, reader, settings);
        var truth = request.Truth is { } file ? $"'{file}'" : $"exact {exact}";
        try
        {
            run.Measure(plans, exact, queries, request.Truth, cancellationToken);
        }
        catch (OperationCanceledException) when (run.Plans.Any(plan => plan.Recall is not null))
        {
            BenchReport.Write(session, run, info, reader, truth);
            session.Kept = "what was measured until then is shown";
            throw;
        }
        BenchReport.Write(session, run, info, reader, truth);
    }
}
