using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Losses;
using Matryoshka.Training.Pairs;

namespace Matryoshka.Training.Tables;

/// <summary>The state of a training and one step of it.</summary>
internal sealed unsafe class StaticTraining : IDisposable
{
    private readonly StaticTrainingOptions options;
    private readonly Work work;
    private readonly Augmentation augmentation;
    private readonly HardNegatives? negatives;
    private readonly float[] idf;
    private readonly ContrastiveSettings settings;
    private readonly ContrastiveLoss<float> contrastive;
    private readonly RowGradients rows;
    private readonly TextBatch batch;
    private readonly Block<float> vectors, gradients;
    private readonly RateSchedule schedule;

    public StaticTraining(StaticTrainingOptions options, BatchSampler sampler, float[] idf, int[] kin, HardNegatives? negatives, Work work)
    {
        (this.options, this.work, this.idf, this.negatives) = (options, work, idf, negatives);
        Sampler = sampler;
        augmentation = new(options.Cloze, options.Sparse);
        batch = new(idf.Length, options.Pooling);
        settings = Settings(options);
        contrastive = new(settings, options.Batch, options.Batch + options.HardNegatives, work);
        Table = new(idf.Length, options.Dimensions[^1], options.Pooling);
        Table.Initialise([.. idf.Select(weight => (float)(Math.Pow(weight, options.InitialPower) * options.InitialScale))], kin, options.Kinship, options.Seed, work);
        Optimiser = new(idf.Length, options.Dimensions[^1], options.Optimiser);
        rows = new(idf.Length, options.Dimensions[^1]);
        var texts = 2L * options.Batch + options.HardNegatives;
        vectors = new(texts * Table.Dimensions);
        gradients = new(texts * Table.Dimensions);
        schedule = new(options.Rate, options.WarmUp, options.Steps);
    }

    public TokenTable Table { get; }

    public RowOptimiser Optimiser { get; }

    public BatchSampler Sampler { get; }

    public static ContrastiveSettings Settings(StaticTrainingOptions options) => new(
        [.. options.Dimensions.Select((d, i) => new NestedLoss(d, options.Weights?[i] ?? 1, options.Scales[options.Scales.Count == 1 ? 0 : i]))],
        options.SymmetricShare);

    public double RateAt(int step) => schedule.At(step);

    /// <summary>One step.</summary>
    /// <returns>The loss at the full dimension.</returns>
    public double Step(int step)
    {
        var pairs = Sampler.Next(step);
        var graded = pairs[0].Source.IsGraded;
        Fill(pairs, step, graded);
        Table.Pool(batch, vectors, work);
        var count = pairs.Count;
        var (split, documents) = ((nint)count * Table.Dimensions, batch.Count - count);
        double loss;
        if (graded)
            loss = Graded([.. pairs.Select(pair => pair.Source.Scores[pair.Pair])], split);
        else
            loss = contrastive.Run(vectors.Data, count, vectors.Data + split, documents, Targets.Diagonal(count), gradients.Data, gradients.Data + split)[^1];
        if (double.IsFinite(loss))
            rows.Apply(batch, gradients, Table, Optimiser, (float)schedule.At(step), step + 1, work);
        return loss;
    }

    public void Dispose()
    {
        Table.Dispose();
        Optimiser.Dispose();
        contrastive.Dispose();
        vectors.Dispose();
        gradients.Dispose();
    }

    private double Graded(float[] scores, nint split) => (options.Graded == GradedKind.Cosine
        ? CosineLoss<float>.Run(settings.Nested, vectors.Data, vectors.Data + split, scores, gradients.Data, gradients.Data + split)
        : GradedLoss<float>.Run(settings.Nested, vectors.Data, vectors.Data + split, scores, gradients.Data, gradients.Data + split))[^1];

    private void Fill(List<(PairSource Source, int Pair)> pairs, int step, bool graded)
    {
        var texts = new (List<int> Query, List<int> Document)[pairs.Count];
        work.ForRanges(pairs.Count, 128, (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                var (source, pair) = pairs[i];
                texts[i] = ([], []);
                var draw = new Draw(options.Seed, ((long)step << 20) + i, purpose: 3);
                var how = graded ? default : augmentation;
                how.Apply(source.A[pair], source.B[pair], idf, ref draw, texts[i].Query, texts[i].Document);
            }
        });
        batch.Clear();
        foreach (var (query, _) in texts)
            batch.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(query));
        foreach (var (_, document) in texts)
            batch.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(document));
        if (!graded)
            negatives?.Add(pairs, options.HardNegatives, new Draw(options.Seed, step, purpose: 4), batch);
    }
}
