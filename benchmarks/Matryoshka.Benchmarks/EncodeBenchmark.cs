using System.Diagnostics;
using Matryoshka.Encoders;

namespace Matryoshka.Benchmarks;

/// <summary>
/// Passages a second of the embedded static model on one thread, tokenising included: passages of exactly 100 words of
/// real text, warm.
/// </summary>
internal static class EncodeBenchmark
{
    private const int Count = 6000;

    public static int Run(string[] args)
    {
        var (passages, origin) = Texts.Passages(Count);
        var start = Stopwatch.GetTimestamp();
        var model = StaticModel.Default;
        var vector = new float[model.Dimensions.Full];
        model.TryEncode("first text", vector);
        var firstVector = Stopwatch.GetElapsedTime(start);

        var buffer = new TokenBuffer(withPlaces: false);
        long tokens = 0;
        var generator = new StaticEmbeddingGenerator(model);
        var many = new float[passages.Count * vector.Length];
        var times = Harness.Interleave(20,
            () =>
            {
                foreach (var passage in passages)
                    model.TryEncode(passage, vector);
            },
            () =>
            {
                tokens = 0;
                foreach (var passage in passages)
                {
                    model.Tokenizer.Tokenize(passage, buffer, int.MaxValue, keepUnknown: false);
                    tokens += buffer.Count;
                }
            },
            () => generator.Encode(passages, many));

        var characters = passages.Sum(passage => (long)passage.Length);
        var report = Report.Start("encode", $"The embedded static model, tokenising included: {passages.Count:N0} passages of {Texts.WordsPerPassage} words ({origin}), warm, medians.");
        report.Add("one thread", ("passages/s", passages.Count / times[0]), ("tokens a passage", (double)tokens / passages.Count));
        report.Add($"{Environment.ProcessorCount} threads", ("passages/s", passages.Count / times[2]));
        report.Add("tokenising alone, one thread", ("million characters/s", characters / times[1] / 1e6));
        report.Add("load and first text, cold", ("ms", firstVector.TotalMilliseconds));
        return report.Publish(args);
    }
}
