namespace Matryoshka.Training;

/// <summary>How an adapter is trained.</summary>
public sealed record AdapterTrainingOptions
{
    /// <summary>Nested dimensions of what the adapter gives, ascending; the last is its full size, at most that of the vectors.</summary>
    public required IReadOnlyList<int> Dimensions { get; init; }

    /// <summary>Pairs of rows that belong together (a question and its answer), to learn from besides the neighbourhoods; empty for none.</summary>
    public IReadOnlyList<(int A, int B)> Pairs { get; init; } = [];

    /// <summary>Steps of training; 0 keeps the principal components (PCA).</summary>
    public int Steps { get; init; } = 150;

    /// <summary>Rows that seek their neighbours each step.</summary>
    public int Batch { get; init; } = 512;

    /// <summary>Rows among which they are sought each step, at most.</summary>
    public int Candidates { get; init; } = 3072;

    /// <summary>Neighbours a row is to keep.</summary>
    public int Neighbours { get; init; } = 16;

    /// <summary>What cosines are multiplied by before the softmax.</summary>
    public double Scale { get; init; } = 40;

    /// <summary>The largest learning rate (Adam).</summary>
    public double Rate { get; init; } = 0.0001;

    /// <summary>Decides what is drawn.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads; null takes one a processor. Their number changes nothing but the time.</summary>
    public int? Threads { get; init; }
}

/// <summary>What an adapter keeps of the nearest ten of rows it was not fitted to, at one prefix: the share that is also among the ten of the whole vectors.</summary>
/// <param name="Dimensions">Components.</param>
/// <param name="Plain">Of the model's own prefix.</param>
/// <param name="Pca">Of as many principal components.</param>
/// <param name="Adapted">Of the adapter.</param>
public sealed record AdapterQuality(int Dimensions, double Plain, double Pca, double Adapted);

/// <summary>A trained adapter and what it reaches.</summary>
/// <param name="Adapter">The adapter.</param>
/// <param name="Quality">At each nested dimension, on rows held out of the fit.</param>
/// <param name="Steps">Steps after which the held-out rows were kept best; 0 where no step was better than PCA.</param>
/// <param name="Seconds">Time it took.</param>
public sealed record AdapterTrainingResult(VectorAdapter Adapter, IReadOnlyList<AdapterQuality> Quality, int Steps, double Seconds);
