namespace Matryoshka.Training;

/// <summary>How rows are moved along their gradients.</summary>
public enum OptimiserKind
{
    /// <summary>Adam (Kingma and Ba, 2015), lazily: only the rows of a step's tokens.</summary>
    Adam,

    /// <summary>Adagrad (Duchi et al., 2011): half the memory.</summary>
    Adagrad,
}

/// <summary>How the rows of a text's tokens add up.</summary>
public enum StaticPooling
{
    /// <summary>Each token counts alike, wherever it stands: the mean, as every other library pools static models (<see cref="Matryoshka.Pooling.Static"/>).</summary>
    Mean,

    /// <summary>A word that a long text repeats does not drown the others, and its beginning says more than its end (<see cref="Matryoshka.Pooling.StaticRoot"/>).</summary>
    Root,
}

/// <summary>What is learnt of pairs that have a score.</summary>
public enum GradedKind
{
    /// <summary>That better pairs are nearer: only the order of the scores counts (CoSENT; Su, 2022).</summary>
    Order,

    /// <summary>That the cosine equals the score, which lies between -1 and 1.</summary>
    Cosine,
}

/// <summary>What a static model is trained from and how. The defaults are what measured best for its time; see docs/training.md.</summary>
public sealed record StaticTrainingOptions
{
    /// <summary>Files of pairs; see <see cref="PairFile"/>. A file is a source: most batches are made of one source.</summary>
    public required IReadOnlyList<string> Pairs { get; init; }

    /// <summary>The folder that takes the model and the checkpoint.</summary>
    public required string Output { get; init; }

    /// <summary>The model's name; null takes the folder's.</summary>
    public string? Name { get; init; }

    /// <summary>A tokenizer.json (WordPiece) or a vocab.txt; null takes the tokenizer of the model inside the library.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Pieces of a vocabulary to be trained from the pairs, with the tokenizer's rules; null keeps the tokenizer's own.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Whether reserved pieces and those of other scripts give way to the most frequent English words of the pairs that would be spelled in several pieces; the vocabulary keeps its size.</summary>
    public bool AdaptVocabulary { get; init; }

    /// <summary>How the rows of a text's tokens add up.</summary>
    public StaticPooling Pooling { get; init; } = StaticPooling.Root;

    /// <summary>Nested dimensions, ascending; the last is the full one.</summary>
    public IReadOnlyList<int> Dimensions { get; init; } = [32, 64, 128, 256, 512];

    /// <summary>Weight of each nested dimension in the loss; null weighs all alike.</summary>
    public IReadOnlyList<double>? Weights { get; init; }

    /// <summary>What cosines are multiplied by (1 / temperature): one number for all dimensions, or one a dimension. 1 to 80.</summary>
    public IReadOnlyList<double> Scales { get; init; } = [20];

    /// <summary>Share of the loss in which long texts seek their short one, 0 to 1.</summary>
    public double SymmetricShare { get; init; }

    /// <summary>What is learnt of pairs that are graded.</summary>
    public GradedKind Graded { get; init; } = GradedKind.Order;

    /// <summary>Steps of training.</summary>
    public int Steps { get; init; } = 3000;

    /// <summary>Pairs a step.</summary>
    public int Batch { get; init; } = 1024;

    /// <summary>How rows are moved.</summary>
    public OptimiserKind Optimiser { get; init; } = OptimiserKind.Adam;

    /// <summary>The largest learning rate, reached after the warm-up and then falling to 0 in a line.</summary>
    public double Rate { get; init; } = 0.1;

    /// <summary>Share of the steps in which the rate rises.</summary>
    public double WarmUp { get; init; } = 0.1;

    /// <summary>Pairs that a source counts for at most when sources are drawn.</summary>
    public int SourceCap { get; init; } = 20_000;

    /// <summary>What a token's inverse document frequency is raised to for the length of its first row.</summary>
    public double InitialPower { get; init; } = 0.5;

    /// <summary>Rows start as normal noise times their length times this.</summary>
    public double InitialScale { get; init; } = 0.45;

    /// <summary>Share of a row's beginning that words of one stem have in common (Porter, 1980), 0 to 1.</summary>
    public double Kinship { get; init; } = 0.5;

    /// <summary>Share of pairs that ask with a run of words of the long text (inverse cloze).</summary>
    public double Cloze { get; init; } = 0.25;

    /// <summary>Share of pairs that ask with single telling words of the long text.</summary>
    public double Sparse { get; init; }

    /// <summary>Hard negatives a step, mined by BM25: texts like the right one that belong to other questions.</summary>
    public int HardNegatives { get; init; }

    /// <summary>Tokens after which a text is cut.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Decides everything that is drawn: equal seeds give equal bytes on one machine.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads; null takes one a processor. Their number changes nothing but the time.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether lines that hold no usable pair are passed over; otherwise the first one ends the training.</summary>
    public bool SkipBadPairs { get; init; }

    /// <summary>Told of every line passed over.</summary>
    public Action<BadPair>? OnBadPair { get; init; }

    /// <summary>Time between two checkpoints.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether to go on from the checkpoint in <see cref="Output"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Pairs held out of each source at most (never more than a fiftieth), to measure progress with.</summary>
    public int HeldOut { get; init; } = 200;

    /// <summary>Folders of judged collections in BEIR's layout, measured at the end and never trained on.</summary>
    public IReadOnlyList<string> Evaluate { get; init; } = [];

    /// <summary>Prefixes measured at the end; null takes <see cref="Dimensions"/>.</summary>
    public IReadOnlyList<int>? EvaluateDimensions { get; init; }
}

/// <summary>What training is at.</summary>
public enum TrainingStage
{
    /// <summary>Reading and tokenising pairs.</summary>
    Read,

    /// <summary>Mining hard negatives.</summary>
    Mine,

    /// <summary>Training steps.</summary>
    Train,

    /// <summary>Measuring the judged collections.</summary>
    Measure,
}

/// <summary>How far training is.</summary>
/// <param name="Stage">What it is at.</param>
/// <param name="Done">Pairs read, or steps done.</param>
/// <param name="Total">Steps in all; null while reading.</param>
/// <param name="Loss">Mean loss of the full dimension over the latest steps.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="HeldOut">nDCG@10 of the pairs held out, at each nested dimension, as last measured; null before that.</param>
/// <param name="Note">Something a person should hear of, such as a checkpoint that could not be written.</param>
public sealed record TrainingProgress(
    TrainingStage Stage, long Done, long? Total, double? Loss = null, double? Rate = null, IReadOnlyList<double>? HeldOut = null, string? Note = null);

/// <summary>Judged quality at one prefix.</summary>
/// <param name="Dimensions">Components of the prefix.</param>
/// <param name="Ndcg">Mean nDCG@10.</param>
/// <param name="Recall">Mean recall@100.</param>
public sealed record PrefixResult(int Dimensions, double Ndcg, double Recall);

/// <summary>A judged collection's figures.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Queries">Judged queries.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Prefixes">Quality at each prefix.</param>
public sealed record CollectionResult(string Name, int Queries, int Documents, IReadOnlyList<PrefixResult> Prefixes);

/// <summary>What training has led to.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Pairs">Pairs of each source.</param>
/// <param name="Skipped">Lines passed over.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Seconds">Time the steps took, those before a resumption included.</param>
/// <param name="CpuSeconds">Processor time of this run, all of it.</param>
/// <param name="Loss">Mean loss of the full dimension over the last steps.</param>
/// <param name="HeldOut">nDCG@10 of the pairs held out, at each nested dimension.</param>
/// <param name="Collections">The judged collections.</param>
public sealed record StaticTrainingResult(
    string Name, IReadOnlyList<KeyValuePair<string, int>> Pairs, long Skipped, int Steps, double Seconds, double CpuSeconds, double Loss,
    IReadOnlyList<double> HeldOut, IReadOnlyList<CollectionResult> Collections);
