using System.Globalization;
using System.Text.Json;

namespace Matryoshka.Benchmarks;

/// <summary>Tables and a picture of what <c>benchmarks/peers/run</c> measured.</summary>
internal static class PeersReport
{
    private const string Yardstick = "hnswlib";

    private static readonly double[] Targets = [0.9, 0.95, 0.99, 0.999];

    public static int Run(string[] args)
    {
        var file = Harness.Option(args, "--in") ?? throw new MatryoshkaException("peers needs --in FILE, the results.jsonl of benchmarks/peers/run.");
        var results = new PeerResults(Machine.Current, PeerLine.Read(file));
        var fronts = results.Lines.GroupBy(line => line.Peer).Where(lines => lines.Any(line => line.Qps > 0)).ToDictionary(lines => lines.Key, lines => new PeerFront(lines));
        var text = Markdown(results, fronts);
        Console.WriteLine(text);
        var folder = args.Contains("--save") ? Path.Join(Texts.Root(), "benchmarks", "results") : Harness.Option(args, "--out");
        if (folder is null)
            return 0;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Join(folder, "peers.md"), text);
        File.WriteAllText(Path.Join(folder, "peers.json"), JsonSerializer.Serialize(results, PeerLineContext.Default.PeerResults) + "\n");
        File.WriteAllText(Path.Join(folder, "peers.svg"), new RecallPlot(fronts, Caption(results.Lines)).Svg());
        return 0;
    }

    private static string Caption(List<PeerLine> lines) => string.Create(CultureInfo.InvariantCulture, $"{lines.Max(line => line.Rows):N0} vectors of 512 dimensions, one query at a time on one thread");

    private static string Markdown(PeerResults results, Dictionary<string, PeerFront> fronts) => $"""
        # peers

        Vector-search engines of public packages and Matryoshka on the same vectors: {Caption(results.Lines)}. Vectors are of
        real texts, queries are questions that none of them was made from; recall@10 is against exact search in double
        precision. Every engine ran alone on the machine.

        {results.Machine}

        Repeat: `benchmarks/peers/run --save`

        ![Recall against queries a second](peers.svg)

        ## Queries a second at a recall

        Interpolated between the best settings of each engine (the logarithm of the speed over the logarithm of what is
        missed); in brackets times {Yardstick} at the same recall. Empty: not reached. MB resident is the process that holds the
        index after its searches, what it mapped included; the index is as it lies on disk.

        {Summary(results.Lines, fronts)}
        ## Every setting

        {Settings(results.Lines)}
        """;

    private static string Summary(List<PeerLine> lines, Dictionary<string, PeerFront> fronts)
    {
        List<string[]> rows = [["engine", "version", .. Targets.Select(t => string.Create(CultureInfo.InvariantCulture, $"q/s at {t:0.00#}")), "best recall", "MB resident", "MB index", "build s", "build threads"]];
        foreach (var peer in lines.GroupBy(line => line.Peer).OrderByDescending(peer => fronts.GetValueOrDefault(peer.Key)?.SpeedAt(0.95) ?? 0))
        {
            var front = fronts.GetValueOrDefault(peer.Key);
            var first = peer.First();
            rows.Add([peer.Key, first.Version ?? "", .. Targets.Select(t => Speed(front, fronts.GetValueOrDefault(Yardstick), t)),
                front?.Points[^1].Recall.ToString("0.0000", CultureInfo.InvariantCulture) ?? "", Number(peer.Max(line => line.RssMb)), Number(first.IndexMb), Number(first.BuildS), $"{first.BuildThreads}"]);
        }
        return MarkdownTable.Of(rows);
    }

    private static string Speed(PeerFront? front, PeerFront? yardstick, double recall)
    {
        if (front?.SpeedAt(recall) is not { } speed)
            return "";
        return yardstick?.SpeedAt(recall) is { } other ? string.Create(CultureInfo.InvariantCulture, $"{Report.Format(speed)} ({speed / other:0.00})") : Report.Format(speed);
    }

    private static string Settings(List<PeerLine> lines)
    {
        List<string[]> rows = [["engine", "setting", "recall@10", "q/s", "p50 ms", "p95 ms", "p99 ms", "queries judged", "queries timed"]];
        rows.AddRange(lines.Where(line => line.Setting is not null).Select(line => (string[])[
            line.Peer, $"`{line.Setting}`", line.Recall10?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "", Number(line.Qps),
            Number(line.P50Us / 1e3), Number(line.P95Us / 1e3), Number(line.P99Us / 1e3), Number(line.QueriesJudged), Number(line.QueriesTimed)]));
        return MarkdownTable.Of(rows);
    }

    private static string Number(double? value) => value is { } number ? Report.Format(number) : "";

    private static string Number(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "";
}
