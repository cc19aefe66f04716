using System.Diagnostics;
using Matryoshka.Training.Adapters;
using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training;

/// <summary>
/// Learns a projection of stored vectors whose prefixes work, without the model that made them (Matryoshka-Adaptor, Yoon et
/// al., 2024, with one linear layer). It begins as the principal components and then learns to keep, at every nested
/// dimension, each row's neighbours of the whole vectors; with pairs of rows also that those find each other. The state
/// that keeps most of the neighbours of rows held out is the one returned.
/// </summary>
public static unsafe class AdapterTrainer
{
    private const int FewestRows = 64;

    /// <summary>Trains an adapter.</summary>
    /// <param name="vectors">Rows of the model's full size, end to end; their length is free.</param>
    /// <param name="inputDimensions">Components of a row.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of steps done, and of the share of neighbours kept at the dimensions as last measured.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    /// <exception cref="TrainingException">Too few rows, or dimensions that the vectors do not have.</exception>
    /// <exception cref="InvalidVectorException">A row is zero or not finite.</exception>
    public static AdapterTrainingResult Train(
        ReadOnlyMemory<float> vectors, int inputDimensions, AdapterTrainingOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var count = Check(vectors.Length, inputDimensions, options);
        using var rows = Normalised(vectors.Span, count, inputDimensions);
        var work = new Work(options.Threads ?? Environment.ProcessorCount);
        using var run = new AdapterRun(rows, count, inputDimensions, options, work);
        var watch = Stopwatch.StartNew();
        run.Begin();
        var best = run.Learn(progress, cancellationToken);
        return run.Finish(best, watch.Elapsed.TotalSeconds);
    }

    private static int Check(int length, int inputDimensions, AdapterTrainingOptions options)
    {
        OptionCheck.Dimensions(options.Dimensions);
        OptionCheck.Between(inputDimensions, 1, NestedDimensions.MaxDimensions, "number of components");
        OptionCheck.Between(options.Steps, 0, 1_000_000, "number of steps");
        OptionCheck.Between(options.Batch, 2, 16_384, "batch");
        OptionCheck.Between(options.Candidates, 16, 65_536, "number of candidates");
        OptionCheck.Between(options.Neighbours, 1, 1000, "number of neighbours");
        OptionCheck.Between(options.Scale, 1, 80, "scale");
        OptionCheck.Between(options.Rate, 1e-8, 1, "rate");
        if (options.Dimensions[^1] > inputDimensions)
            throw new TrainingException($"An adapter to {options.Dimensions[^1]} dimensions was asked for, but the vectors have {inputDimensions}: it may keep at most as many.");
        if (length % inputDimensions != 0)
            throw new TrainingException($"{length} components are not a whole number of rows of {inputDimensions}.");
        var count = length / inputDimensions;
        if (count < FewestRows)
            throw new TrainingException($"{count} vectors are too few to learn from; {FewestRows} are the least, some thousands are wanted.");
        foreach (var (a, b) in options.Pairs)
            if ((uint)a >= (uint)count || (uint)b >= (uint)count)
                throw new TrainingException($"A pair names the rows {a} and {b}, but there are {count}.");
        return count;
    }

    internal static Block<float> Normalised(ReadOnlySpan<float> vectors, int count, int dimensions)
    {
        var rows = new Block<float>((long)count * dimensions);
        for (var i = 0; i < count; i++)
        {
            var row = rows.Slice((long)i * dimensions, dimensions);
            vectors.Slice(i * dimensions, dimensions).CopyTo(row);
            Truncation.Normalize(row, i);
        }
        return rows;
    }
}
