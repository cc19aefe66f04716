using System.Diagnostics;
using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Checkpoints;
using Matryoshka.Training.Export;
using Matryoshka.Training.Measuring;
using Matryoshka.Training.Pairs;
using Matryoshka.Training.Tables;
using Matryoshka.Training.Vocabularies;

namespace Matryoshka.Training;

/// <summary>
/// Trains a static embedding model, a row of numbers a token, from pairs of texts, with the Matryoshka loss (Kusupati et
/// al., 2022) over in-batch InfoNCE. Each nested dimension is a prefix of the same rows, renormalised (the weight tying
/// of MRL-E). One table of a few million numbers has simple exact gradients: two processor cores suffice.
/// </summary>
public static class StaticTrainer
{
    /// <summary>Trains and writes the model.</summary>
    /// <param name="options">From what and how.</param>
    /// <param name="progress">Told how far it is, from one thread at a time.</param>
    /// <param name="cancellationToken">Ends the training after a step, with a checkpoint to resume from.</param>
    /// <exception cref="TrainingException">The options contradict each other, the pairs cannot be used, or the loss diverged; the last good checkpoint is kept.</exception>
    /// <exception cref="InvalidFormatException">A file does not have the documented form.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static StaticTrainingResult Train(StaticTrainingOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Train(options, progress, null, cancellationToken);

    /// <summary>The same, with checkpoints written through <paramref name="open"/>.</summary>
    internal static StaticTrainingResult Train(StaticTrainingOptions options, IProgress<TrainingProgress>? progress, WholeFile.Opener? open, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionCheck.Require(options);
        return new Run(options, progress, open, cancellationToken).Execute();
    }

    private sealed class Run(StaticTrainingOptions options, IProgress<TrainingProgress>? progress, WholeFile.Opener? open, CancellationToken cancellationToken)
    {
        private readonly Work work = new(options.Threads ?? Environment.ProcessorCount);
        private readonly LossWatch losses = new();
        private readonly TimeSpan processorAtStart = Environment.CpuUsage.TotalTime;
        private long skipped;
        private double[]? heldOutNdcg;

        private double Loss => losses.Mean;

        public StaticTrainingResult Execute()
        {
            Directory.CreateDirectory(options.Output);
            var (tokenizerJson, tokenizer) = TokenizerChoice.Make(options, work, cancellationToken);
            var sources = Read(tokenizer);
            var split = HeldOutPairs.Split(sources, options.HeldOut, options.Seed);
            var idf = TokenStatistics.InverseDocumentFrequency(sources, tokenizer.MaxId + 1);
            var negatives = options.HardNegatives > 0
                ? new HardNegatives(sources, idf, work, done => progress?.Report(new(TrainingStage.Mine, done, null)), cancellationToken) : null;
            var sampler = new BatchSampler(sources, split.Trained, options.Batch, options.SourceCap, options.Seed);
            using var training = new StaticTraining(options, sampler, idf, WordFamilies.Of(tokenizerJson, idf.Length), negatives, work);
            var checkpoint = new Checkpoint(options, tokenizer.Identity, open);
            var (step, before) = options.Resume ? checkpoint.Load(training) : (0, 0.0);
            var seconds = before + Loop(training, split, checkpoint, step, before);
            progress?.Report(new(TrainingStage.Measure, options.Steps, options.Steps));
            var result = new StaticTrainingResult(Name(), [.. sources.Select(source => KeyValuePair.Create(source.Name, source.Count))], skipped, options.Steps, seconds,
                (Environment.CpuUsage.TotalTime - processorAtStart).TotalSeconds, Loss, split.Measure(training.Table, options.Dimensions, work), []);
            StaticModelWriter.Write(options, result.Name, tokenizerJson, training.Table);
            checkpoint.Delete();
            result = result with { Collections = [.. options.Evaluate.Select(folder => CollectionQuality.Measure(folder, training.Table, tokenizer, options, work))] };
            TrainingRecord.Write(options, result);
            return result;
        }

        private List<PairSource> Read(WordPieceTokenizer tokenizer)
        {
            var sources = new List<PairSource>();
            long done = 0;
            foreach (var file in options.Pairs)
            {
                sources.Add(PairLoader.Load(file, tokenizer, options.MaxTokens, options.SkipBadPairs, Skip, work.Threads, cancellationToken));
                progress?.Report(new(TrainingStage.Read, done += sources[^1].Count, null));
            }
            return sources;
        }

        private void Skip(BadPair bad)
        {
            skipped++;
            options.OnBadPair?.Invoke(bad);
        }

        private double Loop(StaticTraining training, HeldOutPairs split, Checkpoint checkpoint, int first, double before)
        {
            var watch = Stopwatch.StartNew();
            var saved = TimeSpan.Zero;
            var every = Math.Max(1, options.Steps / 20);
            for (var step = first; step < options.Steps; step++)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    Save(training, checkpoint, step, before + watch.Elapsed.TotalSeconds);
                    cancellationToken.ThrowIfCancellationRequested();
                }
                Watch(training.Step(step), step, checkpoint);
                if ((step + 1) % every == 0)
                    heldOutNdcg = split.Measure(training.Table, options.Dimensions, work);
                progress?.Report(new(TrainingStage.Train, step + 1, options.Steps, Loss, training.RateAt(step), heldOutNdcg));
                if (watch.Elapsed - saved < options.CheckpointEvery || step + 1 == options.Steps)
                    continue;
                Save(training, checkpoint, step + 1, before + watch.Elapsed.TotalSeconds);
                saved = watch.Elapsed;
            }
            return watch.Elapsed.TotalSeconds;
        }

        private void Watch(double loss, int step, Checkpoint checkpoint)
        {
            if (!losses.Add(loss))
                throw new TrainingException($"The loss diverged at step {step + 1}: it is {loss:G4}, the mean of the latest steps {Loss:G4}. Train again with a lower rate than {options.Rate:G3}; {checkpoint.Kept}.");
        }

        private void Save(StaticTraining training, Checkpoint checkpoint, int step, double seconds)
        {
            try
            {
                checkpoint.Save(training, step, seconds);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                progress?.Report(new(TrainingStage.Train, step, options.Steps, Loss, Note: $"no checkpoint was written at step {step} ({error.Message}); {checkpoint.Kept}"));
            }
        }

        private string Name() => options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output)));
    }
}
