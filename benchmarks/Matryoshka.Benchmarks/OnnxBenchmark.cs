using System.Diagnostics;
using Matryoshka.Onnx;
using Matryoshka.Onnx.Inference;

namespace Matryoshka.Benchmarks;

/// <summary>
/// What this library adds to the ONNX Runtime's own time: tokenising, pooling and cutting, as a share of embedding real
/// texts with a graph of MiniLM's size and random weights; and how much of the batches is padding.
/// </summary>
internal static class OnnxBenchmark
{
    private const int TextsTimed = 96, TextsPlanned = 4096;

    public static int Run(string[] args)
    {
        using var temporary = new TemporaryFolder();
        var folder = temporary.At("model");
        Write(folder);
        var texts = Mixed(TextsPlanned);
        var start = Stopwatch.GetTimestamp();
        using var generator = OnnxEmbeddingGenerator.Load(folder);
        var load = Stopwatch.GetElapsedTime(start);

        var few = texts.Take(TextsTimed).ToList();
        var inputs = few.Select(text => generator.Tokenizer.Encode(text, MiniLmGraph.Positions)).ToList();
        var states = new float[inputs.Max(input => input.Ids.Count) * MiniLmGraph.Width];
        var random = new Random(5);
        for (var i = 0; i < states.Length; i++)
            states[i] = random.NextSingle() - 0.5f;
        var (full, cut) = (new float[MiniLmGraph.Width], new float[MiniLmGraph.Width]);
        var times = Harness.Interleave(30,
            () => generator.GenerateAsync(few).GetAwaiter().GetResult(),
            () =>
            {
                foreach (var text in few)
                    generator.Tokenizer.Encode(text, MiniLmGraph.Positions);
            },
            () =>
            {
                foreach (var input in inputs)
                {
                    Pooler.Pool(Pooling.Mean, states, input.Ids.Count, full);
                    Truncation.Cut(full, generator.Recipe.Dimensions, PreTruncation.LayerNorm, full.Length, cut);
                }
            });

        var tokens = inputs.Sum(input => input.Ids.Count);
        var report = Report.Start("onnx", $"A graph of all-MiniLM-L6's size with random weights on the CPU, {Environment.ProcessorCount} threads: {TextsTimed} real texts of mixed length ({(double)tokens / TextsTimed:F0} tokens each on average), warm, medians. Padding: {texts.Count:N0} such texts.");
        report.Add("embedding", ("texts/s", TextsTimed / times[0]), ("tokens/s", tokens / times[0]), ("ms", times[0] * 1000));
        report.Add("tokenising", ("ms", times[1] * 1000), ("% of embedding", 100 * times[1] / times[0]));
        report.Add("pooling, layer norm, cut", ("ms", times[2] * 1000), ("% of embedding", 100 * times[2] / times[0]));
        report.Add("both", ("ms", (times[1] + times[2]) * 1000), ("% of embedding", 100 * (times[1] + times[2]) / times[0]));
        report.Add("loading", ("ms", load.TotalMilliseconds));
        foreach (var size in new[] { 32, 256, TextsPlanned })
            AddPadding(report, generator.Tokenizer, texts, size);
        return report.Publish(args);
    }

    private static void AddPadding(Report report, ModelTokenizer tokenizer, List<string> texts, int call)
    {
        var defaults = new OnnxModelOptions();
        var planner = new BatchPlanner(defaults.MaxBatchTexts, defaults.MaxBatchTokens, defaults.MaxPadding);
        long real = 0, padded = 0, unsorted = 0, batches = 0;
        foreach (var chunk in texts.Chunk(call))
        {
            int[] lengths = [.. chunk.Select(text => tokenizer.Encode(text, MiniLmGraph.Positions).Ids.Count)];
            var plan = planner.Plan(lengths);
            batches += plan.Count;
            real += lengths.Sum();
            padded += plan.Sum(batch => (long)batch.Length * lengths[batch[0]]);
            unsorted += lengths.Chunk(defaults.MaxBatchTexts).Sum(batch => (long)batch.Length * batch.Max());
        }
        report.Add($"calls of {call} texts", ("padding, %", 100.0 * (padded - real) / padded), ("texts a batch", (double)texts.Count / batches), ("padding unsorted, %", 100.0 * (unsorted - real) / unsorted));
    }

    // Questions of a line and documents of a paragraph to a page, shuffled.
    private static List<string> Mixed(int count)
    {
        var texts = Texts.Collections().SelectMany(c => Texts.Corpus(c.Folder).Select(d => d.Text).Where((_, i) => i % 11 == 0).Concat(Texts.Queries(c.Folder).Values.Where((_, i) => i % 11 == 0))).ToArray();
        new Random(7).Shuffle(texts);
        return [.. texts.Take(count)];
    }

    /// <summary>Writes such a model to a folder named by <c>--out</c>.</summary>
    public static int WriteModel(string[] args)
    {
        Write(Harness.Option(args, "--out") ?? throw new MatryoshkaException("minilm needs --out DIR."));
        return 0;
    }

    /// <summary>Writes the folder of a model of MiniLM's size.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(Path.Join(folder, "1_Pooling"));
        File.WriteAllBytes(Path.Join(folder, "model.onnx"), MiniLmGraph.Build());
        File.WriteAllText(Path.Join(folder, "config.json"), $$"""{"model_type":"bert","hidden_size":{{MiniLmGraph.Width}},"max_position_embeddings":{{MiniLmGraph.Positions}}}""");
        File.WriteAllText(Path.Join(folder, "1_Pooling", "config.json"), """{"pooling_mode_mean_tokens":true}""");
        using var tokenizer = typeof(StaticModel).Assembly.GetManifestResourceStream("Matryoshka.Default.tokenizer.json")!;
        using var copy = File.Create(Path.Join(folder, "tokenizer.json"));
        tokenizer.CopyTo(copy);
    }
}
