namespace Matryoshka.Training;

/// <summary>Refuses options that cannot be meant, before anything is read.</summary>
internal static class OptionCheck
{
    private const double LargestScale = 80;

    public static void Require(StaticTrainingOptions options)
    {
        Dimensions(options.Dimensions);
        if (options.Pairs.Count == 0)
            throw new TrainingException("There is nothing to learn from: name at least one file of pairs.");
        if (options.Weights is { } weights && (weights.Count != options.Dimensions.Count || weights.Any(weight => !(weight >= 0)) || weights.Sum() <= 0))
            throw new TrainingException($"{weights.Count} weights were given for {options.Dimensions.Count} dimensions; one of 0 or more for each is needed, and not all may be 0.");
        if (options.Scales.Count != 1 && options.Scales.Count != options.Dimensions.Count || options.Scales.Any(scale => !(scale is >= 1 and <= LargestScale)))
            throw new TrainingException($"The scales are {string.Join(", ", options.Scales)}; one for all dimensions or one for each is needed, of 1 to {LargestScale}.");
        Between(options.SymmetricShare, 0, 1, "symmetric share");
        Between(options.WarmUp, 0, 1, "warm-up");
        Between(options.Cloze + options.Sparse, 0, 1, "share of cloze and sparse questions together");
        Between(options.InitialPower, 0, 3, "power of the inverse document frequency");
        Between(options.Kinship, 0, 1, "share that words of one stem have in common");
        Between(options.Rate, 1e-6, 1e30, "rate");
        Between(options.InitialScale, 1e-6, 1000, "initial scale");
        Between(options.Steps, 1, 10_000_000, "number of steps");
        Between(options.Batch, 2, 16_384, "batch");
        Between(options.HardNegatives, 0, options.Batch, "number of hard negatives a step");
        Between(options.MaxTokens, 1, 65_536, "limit of tokens");
        Between(options.SourceCap, 1, int.MaxValue, "cap of a source");
        Between(options.Threads ?? 1, 1, 1024, "number of threads");
        Between(options.HeldOut, 0, 100_000, "number of pairs held out");
        if (options.VocabularySize is not null && options.AdaptVocabulary)
            throw new TrainingException("A vocabulary is either trained anew or adapted: leave one of the two out.");
        if (options.VocabularySize is { } size)
            Between(size, 256, 1_000_000, "size of the vocabulary");
        foreach (var folder in options.Evaluate)
            Measuring.JudgedFolder.Require(folder);
        if (options.EvaluateDimensions is { } prefixes)
        {
            Dimensions(prefixes);
            if (prefixes[^1] > options.Dimensions[^1])
                throw new TrainingException($"{prefixes[^1]} dimensions cannot be measured of a model that has {options.Dimensions[^1]}.");
        }
    }

    public static void Dimensions(IReadOnlyList<int> dimensions) => NestedDimensions.Trained([.. dimensions]);

    public static void Between(double value, double least, double most, string what)
    {
        if (!(value >= least && value <= most))
            throw new TrainingException($"The {what} is {value.ToString(System.Globalization.CultureInfo.InvariantCulture)}; {least.ToString(System.Globalization.CultureInfo.InvariantCulture)} to {most.ToString(System.Globalization.CultureInfo.InvariantCulture)} is allowed.");
    }
}
