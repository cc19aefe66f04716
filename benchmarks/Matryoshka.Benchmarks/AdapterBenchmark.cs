using System.Runtime.InteropServices;
using Matryoshka.Training;
using Matryoshka.Training.Adapters;
using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Benchmarks;

/// <summary>
/// What an adapter keeps of real vectors' neighbours: fitted to 3,000 of them, the rest ask among all. The share of the ten
/// nearest of the whole vectors that a prefix finds, for the plain prefix, principal components and the adapter.
/// </summary>
internal static unsafe class AdapterBenchmark
{
    private const int Full = 1536, Fitted = 3000, Depth = 10;

    private static readonly int[] Prefixes = [64, 128, 256, 512];

    public static int Run(string[] args)
    {
        if (Texts.Folder(Path.Join("shared", "data", "embeddings")) is not { } folder)
        {
            Console.Error.WriteLine("The vectors of text-embedding-3-small are not here.");
            return 1;
        }
        var rows = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Join(folder, "text-embedding-3-small.3963x1536.f32"))).ToArray();
        var options = new AdapterTrainingOptions { Dimensions = Prefixes };
        if (Harness.Option(args, "--steps") is { } steps)
            options = options with { Steps = int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture) };
        if (Harness.Option(args, "--rate") is { } rate)
            options = options with { Rate = double.Parse(rate, System.Globalization.CultureInfo.InvariantCulture) };
        if (Harness.Option(args, "--scale") is { } scale)
            options = options with { Scale = double.Parse(scale, System.Globalization.CultureInfo.InvariantCulture) };
        var fit = rows.AsMemory(0, Fitted * Full);
        var learnt = AdapterTrainer.Train(fit, Full, options);
        var pca = AdapterTrainer.Train(fit, Full, options with { Steps = 0 });
        var report = Report.Start("adapter", $"An adapter for 3,963 vectors of text-embedding-3-small, fitted to the first 3,000; the other 963 ask among all. Share of the ten nearest by whole vectors that a prefix finds. Best after {learnt.Steps} of {options.Steps} steps.");
        var truth = Nearest(rows, Full, null);
        foreach (var (name, adapter) in new (string, VectorAdapter?)[] { ("plain prefix", null), ("principal components", pca.Adapter), ("adapter", learnt.Adapter) })
            report.Add(name, [.. Prefixes.Select(d => ($"{d}", Overlap(truth, Nearest(rows, d, adapter))))]);
        report.Add("seconds of training", ("64", learnt.Seconds));
        return report.Publish(args);
    }

    private static (int Row, float Cosine)[][] Nearest(float[] rows, int prefix, VectorAdapter? adapter)
    {
        var count = rows.Length / Full;
        using Block<float> cut = new((long)count * prefix);
        var work = new Work(Environment.ProcessorCount);
        work.ForRanges(count, 64, (from, to) =>
        {
            var whole = new float[Prefixes[^1]];
            for (var i = from; i < to; i++)
            {
                var row = cut.Slice((long)i * prefix, prefix);
                if (adapter is null)
                    rows.AsSpan(i * Full, prefix).CopyTo(row);
                else
                {
                    adapter.Apply(rows.AsSpan(i * Full, Full), whole);
                    whole.AsSpan(0, prefix).CopyTo(row);
                }
                StaticModel.Normalize(row);
            }
        });
        return NeighbourTargets.Nearest(cut.Data + (nint)Fitted * prefix, count - Fitted, cut.Data, count, prefix, Depth, i => Fitted + i, work);
    }

    private static double Overlap((int Row, float Cosine)[][] truth, (int Row, float Cosine)[][] found) =>
        truth.Zip(found, (right, got) => right.Count(one => got.Any(other => other.Row == one.Row)) / (double)Depth).Average();
}
