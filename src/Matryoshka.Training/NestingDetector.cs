using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Detection;

namespace Matryoshka.Training;

/// <summary>What the prefixes of a model's vectors are.</summary>
public enum NestingVerdict
{
    /// <summary>The prefix is clearly better than other components of the same number: trained for truncation, or ordered.</summary>
    Nested,

    /// <summary>The prefix is no better than other components of the same number, as far as these rows show.</summary>
    NotShown,

    /// <summary>The prefix is clearly worse than other components of the same number.</summary>
    Worse,
}

/// <summary>What to do with the vectors.</summary>
public enum NestingAdvice
{
    /// <summary>Use prefixes from <see cref="NestingReport.Trustworthy"/> on as they are.</summary>
    Truncate,

    /// <summary>Train an adapter: its first components keep clearly more than the prefix.</summary>
    Adapt,

    /// <summary>Keep whole vectors: neither the prefix nor principal components keep enough.</summary>
    Leave,
}

/// <summary>A mean over queries and the half-width of its 95 % confidence interval.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Margin">1.96 standard errors.</param>
public readonly record struct Estimate(double Mean, double Margin);

/// <summary>What is kept at one size, between 0 and 1: the share of the nearest ten of whole vectors, or with judged pairs nDCG@10.</summary>
/// <param name="Dimensions">Components.</param>
/// <param name="Prefix">By the first ones.</param>
/// <param name="Random">By as many drawn at random, a mean of several draws.</param>
/// <param name="Suffix">By the last ones.</param>
/// <param name="Principal">By as many principal components.</param>
/// <param name="Advantage">Prefix less random, query by query.</param>
/// <param name="OfFull">The prefix's share of what whole vectors reach.</param>
public sealed record NestingPoint(int Dimensions, Estimate Prefix, Estimate Random, Estimate Suffix, Estimate Principal, Estimate Advantage, Estimate OfFull);

/// <summary>What was found about a model's vectors.</summary>
/// <param name="Judged">Whether judged pairs decided; otherwise neighbourhoods did, which show less.</param>
/// <param name="Verdict">What the prefixes are.</param>
/// <param name="Trustworthy">The smallest size from which every prefix keeps enough (0.95 of judged quality or 0.8 of the nearest ten, by the interval's lower end); null when only whole vectors do.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Points">The curves, from the smallest size up; the last is the full one.</param>
public sealed record NestingReport(bool Judged, NestingVerdict Verdict, int? Trustworthy, NestingAdvice Advice, IReadOnlyList<NestingPoint> Points);

/// <summary>How to look.</summary>
public sealed record NestingOptions
{
    /// <summary>Sizes to measure below the full one; null takes 16, doubled.</summary>
    public IReadOnlyList<int>? Dimensions { get; init; }

    /// <summary>Pairs of rows, a question and its answer: judged quality instead of neighbourhoods.</summary>
    public IReadOnlyList<(int A, int B)> Pairs { get; init; } = [];

    /// <summary>Rows that ask, at most.</summary>
    public int Queries { get; init; } = 1000;

    /// <summary>Draws of random components.</summary>
    public int Draws { get; init; } = 5;

    /// <summary>Decides what is drawn.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads; null takes one a processor.</summary>
    public int? Threads { get; init; }
}

/// <summary>
/// Tells whether the prefixes of vectors are better than other components of the same number, from which size on they can be
/// trusted, and what to do. Neighbourhoods alone cannot prove training: a prefix of text-embedding-3-small keeps 0.60 of the
/// nearest ten at 64, a random subset 0.59, though it is trained. Judged pairs show more.
/// </summary>
public static class NestingDetector
{
    private const int FewestRows = 64;

    /// <summary>Measures the curves and judges.</summary>
    /// <param name="vectors">Rows end to end; their length is free.</param>
    /// <param name="dimensions">Components of a row.</param>
    /// <param name="options">How to look.</param>
    /// <param name="cancellationToken">Ends the work between two sizes.</param>
    /// <exception cref="TrainingException">Too few rows, or sizes that the vectors do not have.</exception>
    /// <exception cref="InvalidVectorException">A row is zero or not finite.</exception>
    public static NestingReport Detect(ReadOnlyMemory<float> vectors, int dimensions, NestingOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var sizes = Sizes(options.Dimensions, dimensions);
        if (vectors.Length % dimensions != 0 || vectors.Length / dimensions is var count && count < FewestRows)
            throw new TrainingException($"{vectors.Length} components are {vectors.Length / dimensions} rows of {dimensions}; {FewestRows} whole rows are the least that show anything.");
        OptionCheck.Between(options.Queries, 2, 1_000_000, "number of queries");
        OptionCheck.Between(options.Draws, 1, 100, "number of draws");
        foreach (var (a, b) in options.Pairs)
            if ((uint)a >= (uint)count || (uint)b >= (uint)count)
                throw new TrainingException($"A pair names the rows {a} and {b}, but there are {count}.");
        using var rows = AdapterTrainer.Normalised(vectors.Span, count, dimensions);
        var work = new Work(options.Threads ?? Environment.ProcessorCount);
        using var curves = new NestingCurves(rows, count, dimensions, options, work);
        var points = sizes.Select(d =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return curves.At(d);
        }).ToList();
        return Judgement.Of(points, options.Pairs.Count > 0);
    }

    private static List<int> Sizes(IReadOnlyList<int>? given, int full)
    {
        OptionCheck.Between(full, 2, NestedDimensions.MaxDimensions, "number of components");
        var sizes = new List<int>(given ?? []);
        for (var d = 16; given is null && d < full; d *= 2)
            sizes.Add(d);
        if (sizes.Count == 0 || sizes[^1] != full)
            sizes.Add(full);
        OptionCheck.Dimensions(sizes);
        return sizes;
    }
}
