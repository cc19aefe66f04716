using System.CommandLine;
using Matryoshka.Cli.Output;
using Matryoshka.Training;

namespace Matryoshka.Cli.Commands;

/// <summary><c>mrl train static</c>: pairs of texts into a static model.</summary>
internal static class TrainStaticCommand
{
    private static readonly StaticTrainingOptions Defaults = new() { Pairs = [], Output = "" };

    public static Command Create(Session session)
    {
        var command = new Command("static", "Pairs of texts into a static model: token rows, nested dimensions.");
        var pairs = new Option<string[]>("--pairs") { Description = "Files of {\"a\": short text, \"b\": long text}, one a line, .gz or not. Each file is a source.", HelpName = "FILES", AllowMultipleArgumentsPerToken = true };
        var output = Options.Text("--out", "DIR", "The model's folder, made if it is not there.");
        var name = Options.Text("--name", "NAME", "The model's name. Default: the folder's");
        var vocabulary = Options.Text("--vocab", "FILE", "tokenizer.json (WordPiece) or vocab.txt. Default: that of the model inside mrl");
        var size = Options.Number("--vocab-size", "Train a vocabulary of this many pieces from the pairs first.");
        var adapt = Options.Flag("--adapt-vocab", "Give the places of reserved and foreign pieces to frequent words of the pairs.");
        var dimensions = Options.Text("--dims", "LIST", "Nested dimensions, ascending. Default: 32,64,128,256,512");
        var weights = Options.Text("--weights", "LIST", "Weight of each dimension in the loss. Default: all alike");
        var scales = Options.Text("--scale", "LIST", "What cosines are multiplied by: one number, or one a dimension. Default: 20");
        var steps = Options.Number("--steps", $"Steps. Default: {Figures.Plain(Defaults.Steps)}");
        var batch = Options.Number("--batch", "Pairs a step. Default: 1024");
        var rate = Options.Decimal("--rate", $"Largest learning rate. Default: {Number(Defaults.Rate)}");
        var optimiser = Options.Text("--optimiser", "adam|adagrad", "Default: adam");
        var cap = Options.Number("--cap", "Pairs that a source counts for at most. Default: 20000");
        var cloze = Options.Decimal("--cloze", $"Share of pairs that ask with a run of words of the long text itself. Default: {Number(Defaults.Cloze)}");
        var sparse = Options.Decimal("--sparse", "Share of pairs that ask with single telling words of the long text.");
        var kinship = Options.Decimal("--kinship", $"Share of their first rows that words of one stem have in common, 0 to 1. Default: {Number(Defaults.Kinship)}");
        var pooling = Options.Text("--pooling", "root|mean", "How a text's tokens add up: root (repetitions and later places count less) or mean (as other libraries pool). Default: root");
        var negatives = Options.Number("--hard-negatives", "Hard negatives a step, mined by BM25. Default: none");
        var symmetric = Options.Decimal("--symmetric", "Share of the loss in which long texts seek their short one. Default: 0");
        var graded = Options.Text("--graded", "order|cosine", "What is learnt of pairs with a score: their order, or cosines equal to it. Default: order");
        var tokens = Options.Number("--max-tokens", "Tokens after which a text is cut. Default: 256");
        var seed = Options.Number("--seed", "Equal seeds give equal bytes. Default: 1");
        var threads = Options.Number("--threads", "Threads. Default: one a processor");
        var skip = Options.Flag("--skip-bad", "Pass over lines that hold no usable pair, instead of ending at the first.");
        var resume = Options.Flag("--resume", "Go on from the checkpoint in the folder.");
        var evaluate = new Option<string[]>("--eval") { Description = "Folders of judged collections (BEIR), measured at the end.", HelpName = "DIRS", AllowMultipleArgumentsPerToken = true };
        var prefixes = Options.Text("--eval-dims", "LIST", "Prefixes to measure. Default: those of --dims");
        foreach (var option in (Option[])[pairs, output, name, vocabulary, size, adapt, dimensions, weights, scales, steps, batch, rate, optimiser, cap, cloze, sparse, kinship, pooling, negatives, symmetric, graded, tokens, seed, threads, skip, resume, evaluate, prefixes])
            command.Options.Add(option);
        command.SetAction((result, cancellationToken) =>
        {
            var defaults = Defaults;
            var options = defaults with
            {
                Pairs = result.GetValue(pairs) is { Length: > 0 } files ? files : throw new UsageException("There is nothing to learn from: give --pairs FILES."),
                Output = result.GetValue(output) ?? throw new UsageException("Say where the model goes: --out DIR."),
                Name = result.GetValue(name),
                Tokenizer = result.GetValue(vocabulary),
                VocabularySize = result.GetValue(size),
                AdaptVocabulary = result.GetValue(adapt),
                Dimensions = NumberList.Whole(result.GetValue(dimensions), "--dims") ?? defaults.Dimensions,
                Weights = NumberList.Decimals(result.GetValue(weights), "--weights") ?? defaults.Weights,
                Scales = NumberList.Decimals(result.GetValue(scales), "--scale") ?? defaults.Scales,
                Steps = result.GetValue(steps) ?? defaults.Steps,
                Batch = result.GetValue(batch) ?? defaults.Batch,
                Rate = result.GetValue(rate) ?? defaults.Rate,
                Optimiser = OptimiserOf(result.GetValue(optimiser)),
                SourceCap = result.GetValue(cap) ?? defaults.SourceCap,
                Cloze = result.GetValue(cloze) ?? defaults.Cloze,
                Sparse = result.GetValue(sparse) ?? defaults.Sparse,
                Kinship = result.GetValue(kinship) ?? defaults.Kinship,
                Pooling = PoolingOf(result.GetValue(pooling)),
                HardNegatives = result.GetValue(negatives) ?? defaults.HardNegatives,
                SymmetricShare = result.GetValue(symmetric) ?? defaults.SymmetricShare,
                Graded = GradedOf(result.GetValue(graded)),
                MaxTokens = result.GetValue(tokens) ?? defaults.MaxTokens,
                Seed = result.GetValue(seed) ?? defaults.Seed,
                Threads = result.GetValue(threads),
                SkipBadPairs = result.GetValue(skip),
                OnBadPair = new BadPairNotes(session).Tell,
                Resume = result.GetValue(resume),
                Evaluate = result.GetValue(evaluate) ?? [],
                EvaluateDimensions = NumberList.Whole(result.GetValue(prefixes), "--eval-dims"),
            };
            TrainingRun.Static(session, options, cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private static string Number(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static GradedKind GradedOf(string? name) => name switch
    {
        null or "order" => GradedKind.Order,
        "cosine" => GradedKind.Cosine,
        _ => throw new UsageException($"'{name}' is not what can be learnt of scores: order and cosine are."),
    };

    private static StaticPooling PoolingOf(string? name) => name switch
    {
        null or "root" => StaticPooling.Root,
        "mean" => StaticPooling.Mean,
        _ => throw new UsageException($"'{name}' is not a pooling: root and mean are."),
    };

    private static OptimiserKind OptimiserOf(string? name) => name switch
    {
        null or "adam" => OptimiserKind.Adam,
        "adagrad" => OptimiserKind.Adagrad,
        _ => throw new UsageException($"'{name}' is not an optimiser: adam and adagrad are."),
    };
}
