using System.CommandLine;
using System.Text.Json.Nodes;
using Matryoshka.Cli.Bench;
using Matryoshka.Cli.Models;
using Matryoshka.Cli.Output;
using Matryoshka.Cli.Tune;
using Matryoshka.Tuning;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl tune</c>: measures what sizes and plans keep and cost on the user's own queries, and makes the best the default.</summary>
internal static class TuneCommand
{
    public const string UsualName = "tuned";

    public static readonly CommandEntry Entry = new("tune", "Measure what every size and plan keeps and costs, make the best the default, draw it.",
    [
        "mrl tune --queries ./beir-folder",
        "mrl tune --queries queries.jsonl --qrels qrels.tsv --keep 99% --p95 5ms --memory 500MB --rows 10M",
        "mrl tune --queries logged-queries.txt.jsonl --keep 95%",
        "mrl tune --queries ./beir-folder --rerank cross-encoder/ms-marco-MiniLM-L6-v2 --seconds 300",
        "mrl tune",
    ], Configure);

    private sealed record Request(string? Queries, string? Qrels, int Limit, ModelRequest Model, string Folder, string Name, bool Store, IReadOnlyList<string> Rerank, ModelRequest Reranker);

    private static void Configure(Command command, Session session)
    {
        var queries = Options.Text("--queries", "FILE|DIR", "The queries: JSON lines with _id and text (or vector), .f32, .npy, or a BEIR folder. Default: sentences held out from the records");
        var qrels = Options.Text("--qrels", "FILE", "What is relevant: TREC qrels or BEIR's tab-separated file; JSON lines of queries may say it themselves in 'relevant'. Without it the full ranking is the truth.");
        var keep = Options.Text("--keep", "SHARE", "The share of full quality to keep. Default: 99%");
        var p95 = Options.Text("--p95", "TIME", "The time that 95 of 100 queries must stay within, e.g. 5ms.");
        var memory = Options.Text("--memory", "SIZE", "The memory to stay within, e.g. 500MB.");
        var rows = Options.Text("--rows", "N", "Project to so many rows, e.g. 10M. Default: as many as there are");
        var count = Options.Number("-k", "How many hits. Default: 10", "--top");
        var metric = Options.Text("--metric", "NAME@K", "The measure that decides: ndcg, recall, mrr, map, hit, precision; overlap or rbo without judgements. Default: ndcg@10, or overlap@10");
        var plans = Options.Text("--plans", "LIST|@FILE", "Choose among these plans, separated by ';'. Default: a grid over dimensions, precisions and depths");
        var rerank = Options.Text("--rerank", "NAME[,NAME]", "Try these rerankers over the best plan, reading 10 to 100 candidates: folders, owner/name, provider:model, or your own. Half of the time goes to them.");
        var endpoint = Options.Text("--rerank-endpoint", "URL", "The address of the rerankers' server, for provider:model.");
        var keyVariable = Options.Text("--rerank-key-variable", "NAME", "The environment variable that holds its key. Default: the provider's own");
        var recipes = Options.Text("--recipes", "FILE", "Rerankers of your own, by name.");
        var seconds = Options.Seconds("--seconds", "Time for all of it. Default: 100");
        var limit = Options.Number("--limit", "Use this many of the queries, from the first. Default: all");
        var model = Options.Text("--model", "NAME|DIR", "What embeds texts. Default: the collection's own model");
        var adapter = ModelOptions.Adapter("What projects the embedded texts, for a collection of adapted vectors.");
        var prices = Options.Text("--prices", "FILE", "Your prices of memory, disk and cores, as JSON. Default: round figures of rented machines");
        var folder = Options.Text("--out", "DIR", "Where the report goes. Default: the collection's folder with '-tune' after it");
        var name = Options.Text("--name", "NAME", $"What to call the plan. Default: {UsualName}");
        var dry = Options.Flag("--dry-run", "Measure and report, but leave the collection's default plan as it is.");
        foreach (var option in (Option[])[queries, qrels, keep, p95, memory, rows, count, metric, plans, rerank, endpoint, keyVariable, recipes, seconds, limit, model, adapter, prices, folder, name, dry])
            command.Options.Add(option);
        command.SetAction(async (result, cancellationToken) =>
        {
            var directory = result.GetValue(folder) ?? Path.TrimEndingDirectorySeparator(session.Directory) + "-tune";
            IReadOnlyList<SearchPlan>? named = result.GetValue(plans) is { } list ? [.. PlanCandidate.Parse(list).Select(candidate => candidate.Plan!)] : null;
            var rerankers = (result.GetValue(rerank)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []).Concat((named ?? []).Select(plan => plan.Rerank?.Name).OfType<string>()).Distinct().ToList();
            if (rerankers.Count == 0 && (result.GetValue(endpoint) ?? result.GetValue(keyVariable) ?? result.GetValue(recipes)) is not null)
                throw new UsageException("--rerank-endpoint, --rerank-key-variable and --recipes go with --rerank NAME.");
            var options = new TuneOptions
            {
                K = result.GetValue(count) ?? 10,
                Metric = result.GetValue(metric) is { } measure ? SearchFlags.Parsed(measure, Metric.Parse) : null,
                Keep = result.GetValue(keep) is { } share ? Amounts.Share(share, "--keep", rerankers.Count > 0 ? 2 : 1) : 0.99,
                P95 = result.GetValue(p95) is { } time ? Amounts.Time(time, "--p95") : null,
                Memory = result.GetValue(memory) is { } size ? MemoryOption.Parse(size) : null,
                Rows = result.GetValue(rows) is { } projected ? Amounts.Count(projected, "--rows") : null,
                Budget = TimeSpan.FromSeconds(result.GetValue(seconds) ?? 100),
                Plans = named,
                Prices = result.GetValue(prices) is { } file ? Prices.Read(file) : Prices.Default,
                StateFile = Path.Join(directory, "progress.state"),
            };
            var request = new Request(result.GetValue(queries), result.GetValue(qrels), result.GetValue(limit) ?? int.MaxValue, new() { Model = result.GetValue(model), Adapter = result.GetValue(adapter) }, directory,
                result.GetValue(name) ?? UsualName, !result.GetValue(dry), rerankers, new()
                {
                    Endpoint = result.GetValue(endpoint) is { } address ? ModelOptions.ParseEndpoint("--rerank-endpoint", address) : null,
                    KeyVariable = result.GetValue(keyVariable),
                    RecipeFile = result.GetValue(recipes),
                });
            if (request.Queries is null && (request.Qrels is not null || rerankers.Count > 0))
                throw new UsageException($"{(request.Qrels is not null ? "--qrels" : "--rerank")} goes with --queries FILE.");
            return await RunAsync(session, request, options, cancellationToken).ConfigureAwait(false);
        });
    }

    private static async Task<int> RunAsync(Session session, Request request, TuneOptions options, CancellationToken cancellationToken)
    {
        using var collection = session.Open();
        using var rerankers = await LoadedRerankers.LoadAsync(session, request.Rerank, request.Reranker, cancellationToken).ConfigureAwait(false);
        using var input = await TuneInput.ReadAsync(session, request.Queries, request.Qrels, request.Limit, request.Model, cancellationToken).ConfigureAwait(false);
        Directory.CreateDirectory(request.Folder);
        // The copy with sentences held out is made anew each time, and so is what was measured on it.
        options = options with { Rerankers = rerankers.ByName, KnownItem = input.HeldOut is not null, StateFile = input.HeldOut is null ? options.StateFile : null };
        if (options.StateFile is not null)
            session.Kept = $"what was measured is kept in '{options.StateFile}': the same command goes on from there";
        TuneReport report;
        using (var progress = new TuneTicker(session))
            report = Tuner.Run(input.HeldOut?.Collection ?? collection, input.Queries, input.Judgements, options, progress, cancellationToken);
        report = report with { Collection = collection.Directory };
        var page = ReportFiles.Write(report, request.Folder);
        session.Kept = null;
        if (options.StateFile is not null)
            File.Delete(options.StateFile);
        rerankers.ReportCuts(session);
        // A default plan runs wherever the collection is opened, where nobody may know the reranker's name.
        var stored = request.Store && report.Recommendation.Plan is { Plan.Rerank: null };
        if (stored)
            await collection.StorePlanAsync(Stored(report, request.Name), cancellationToken).ConfigureAwait(false);
        if (session.Json)
            session.Line(ReportFiles.ToJson(report));
        else
            TuneSummary.Write(session, report, page, stored ? request.Name : null);
        return report.Recommendation.Plan is null ? Program.Failed : 0;
    }

    private static StoredPlan Stored(TuneReport report, string name)
    {
        var plan = report.Recommendation.Plan!;
        return new()
        {
            Name = name,
            Plan = plan.Plan,
            K = report.Options.K,
            IsDefault = true,
            Measurement = new JsonObject
            {
                ["metric"] = report.Metric,
                ["quality"] = plan.Quality[report.Metric],
                ["fullQuality"] = report.Full.Quality[report.Metric],
                ["kept"] = plan.Kept.Share,
                ["low"] = plan.Kept.Low,
                ["high"] = plan.Kept.High,
                ["promise"] = plan.Kept.Promise,
                ["asked"] = report.Options.Keep,
                ["truth"] = report.Truth.Kind.ToString(),
                ["queries"] = plan.Queries,
                ["rows"] = report.Rows,
                ["p50Microseconds"] = plan.Latency!.P50,
                ["p95Microseconds"] = plan.Latency.P95,
                ["residentBytes"] = plan.ResidentBytes,
                ["machine"] = report.Machine,
            },
        };
    }
}
