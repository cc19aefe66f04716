using System.Diagnostics;
using System.Globalization;
using Matryoshka.Onnx;
using Matryoshka.Remote;
using Matryoshka.Tests.Remote;
using Microsoft.Extensions.AI;

namespace Matryoshka.Benchmarks;

/// <summary>What this library adds to a service's own time: the client, the cache, and a run through faults.</summary>
internal static class RemoteBenchmark
{
    private const int Dimensions = 768;
    private const int BatchTexts = 256;
    private const int CachedTexts = 8192;

    private static readonly ModelRecipe Recipe = new() { Name = "benchmark/model", Dimensions = NestedDimensions.Trained(64, 256, Dimensions) };

    public static async Task<int> Run(string[] args)
    {
        var texts = Harness.Option(args, "--texts") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 100_000;
        var report = Report.Start("remote", $"What the remote client and its cache cost. Client: {BatchTexts} texts a request, 4 in flight, {Dimensions} dimensions, against a local server in a process of its own that answers at once; processor time is the client's, in user and system mode. Cache: passages of {Texts.WordsPerPassage} words; a hit is held against encoding the same text on this machine: with a transformer of all-MiniLM-L6's size (random weights, ONNX Runtime, all cores), and with the embedded static model, which needs no cache. Faults: one request in 20 fails by 429, 500, a reset, or a cut body.");
        await ClientAsync(report, texts, base64: true);
        await ClientAsync(report, texts, base64: false);
        await CacheAsync(report);
        await FaultsAsync(report, texts);
        return report.Publish(args);
    }

    private static async Task ClientAsync(Report report, int count, bool base64)
    {
        using var server = RemoteServer.Start(BatchTexts, Dimensions, base64);
        using var generator = Generator(server.Address, BatchTexts);
        count -= count % BatchTexts;
        await DrainAsync(generator, count / 4);
        var (small, large) = (await DrainAsync(generator, count / 4), await DrainAsync(generator, count));
        report.Add($"client, {(base64 ? "base64" : "numbers")}",
            ("vectors/s", count / large.Seconds), ("vectors/s a core", count / large.ProcessorSeconds),
            ("largest heap MB", large.HeapMegabytes), ("a quarter of the texts: heap MB", small.HeapMegabytes));
    }

    private static async Task<(double Seconds, double ProcessorSeconds, double HeapMegabytes)> DrainAsync(RemoteEmbeddingGenerator generator, int count)
    {
        count -= count % BatchTexts;
        using var self = Process.GetCurrentProcess();
        var (before, start, heap, seen) = (self.TotalProcessorTime, Stopwatch.GetTimestamp(), 0L, 0);
        await foreach (var embedded in generator.StreamAsync(Enumerable.Range(0, count).Select(i => $"a text of some words, number {i}").ToAsyncEnumerable()))
        {
            if (embedded.Vector.Length != Dimensions)
                throw new MatryoshkaException($"A vector has {embedded.Vector.Length} components.");
            if (++seen % (16 * BatchTexts) == 0)
                heap = Math.Max(heap, GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes);
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        self.Refresh();
        return seen == count ? (seconds, (self.TotalProcessorTime - before).TotalSeconds, heap / 1e6) : throw new MatryoshkaException($"{seen} of {count} vectors came back.");
    }

    private static async Task CacheAsync(Report report)
    {
        var passages = Texts.Passages(CachedTexts).Passages;
        using var folder = new TemporaryFolder();
        using var cache = MatryoshkaCache.Open(folder.At("cache.db"));
        using var generator = new MatryoshkaCacheEmbeddingGenerator(new Canned().WithRecipe(Recipe), cache);
        var start = Stopwatch.GetTimestamp();
        foreach (var batch in passages.Chunk(BatchTexts))
            await generator.GenerateAsync(batch);
        var written = Stopwatch.GetElapsedTime(start).TotalSeconds;

        using var model = StaticEmbeddingGenerator.Default();
        OnnxBenchmark.Write(folder.At("minilm"));
        using var transformer = OnnxEmbeddingGenerator.Load(folder.At("minilm"));
        var next = 0;
        string Text() => passages[next = (next + 4099) % passages.Count];
        var cut = new EmbeddingGenerationOptions { Dimensions = 256 };
        var times = Harness.Interleave(10,
            () => { for (var i = 0; i < 256; i++) Take(generator.GenerateAsync([Text()])); },
            () => { for (var i = 0; i < 256; i++) Take(generator.GenerateAsync([Text()], cut)); },
            () => Take(generator.GenerateAsync(passages.GetRange(next = (next + 512) % (passages.Count - 256), 256))),
            () => { for (var i = 0; i < 256; i++) Take(model.GenerateAsync([Text()])); },
            () => { for (var i = 0; i < 4; i++) Take(transformer.GenerateAsync([Text()])); },
            () => Take(transformer.GenerateAsync(passages.GetRange(next = (next + 64) % (passages.Count - 32), 32))));
        var (hit, together) = (times[0] / 256, times[2] / 256);
        report.Add("cache hit, alone, full", ("us a text", hit * 1e6));
        report.Add("cache hit, alone, cut to 256", ("us a text", times[1] / 256 * 1e6));
        report.Add("cache hit, 256 at once", ("us a text", together * 1e6));
        report.Add("MiniLM-sized transformer's encode, alone", ("us a text", times[4] / 4 * 1e6), ("times a hit", times[4] / 4 / hit));
        report.Add("MiniLM-sized transformer's encode, 32 at once", ("us a text", times[5] / 32 * 1e6), ("times a hit", times[5] / 32 / together));
        report.Add("static model's encode, alone", ("us a text", times[3] / 256 * 1e6), ("times a hit", times[3] / 256 / hit));
        report.Add("cache write, 256 at once", ("us a text", written / passages.Count * 1e6));
        // Some pages are there for any number of entries; a file of a usual size shows what one more costs.
        foreach (var batch in Enumerable.Range(0, 4 * CachedTexts).Select(i => $"text {i}").Chunk(BatchTexts))
            await generator.GenerateAsync(batch);
        report.Add($"cache entry, {Dimensions} dimensions, of {cache.Count:N0}", ("bytes", cache.Bytes / (double)cache.Count));
    }

    // Completed tasks throughout: blocking costs nothing and keeps the state machine out of the time.
    private static void Take(Task<GeneratedEmbeddings<Embedding<float>>> task) => task.GetAwaiter().GetResult();

    private static async Task FaultsAsync(Report report, int count)
    {
        var ledger = new FaultLedger(request => new Reply(200, $"[{string.Join(',', request.Texts("inputs").Select(text => $"[{text.Length},{text[^1] - 47},1,2]"))}]"), "inputs");
        using var server = new LoopbackServer(request => request.Path == "/info" ? new Reply(404, "") : ledger.Answer(request), remember: false);
        using var generator = RemoteEmbeddingGenerator.Create("tei:m", new()
        {
            Endpoint = server.Address,
            Recipe = Recipe with { Dimensions = NestedDimensions.None(4) },
            RetryDelay = TimeSpan.FromMilliseconds(2),
        });
        var (start, received) = (Stopwatch.GetTimestamp(), 0);
        await foreach (var (text, vector) in generator.StreamAsync(Enumerable.Range(0, count).Select(i => $"text {i}").ToAsyncEnumerable()))
        {
            if (text != $"text {received++}" || Math.Abs((vector.Span[0] / vector.Span[2]) - text.Length) > 1e-4)
                throw new MatryoshkaException($"'{text}' came back with another text's vector.");
        }
        report.Add($"faults, {count:N0} texts, 32 a request",
            ("received", received), ("lost", count - ledger.Answered.Count), ("sent again after an answer", ledger.SentAgain.Count),
            ("requests failed", ledger.Faults.Sum()), ("seconds", Stopwatch.GetElapsedTime(start).TotalSeconds));
    }

    private static RemoteEmbeddingGenerator Generator(Uri address, int batch) =>
        RemoteEmbeddingGenerator.Create("compatible:m", new() { Endpoint = address, Recipe = Recipe, MaxBatchTexts = batch });

    /// <summary>The same vector for every text, at no cost.</summary>
    private sealed class Canned : IEmbeddingGenerator<string, Embedding<float>>
    {
        private static readonly float[] Vector = [.. Enumerable.Range(1, Dimensions).Select(i => 1f / i)];

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(values.Select(_ => new Embedding<float>(Vector))));

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
