using Matryoshka.Training.Arithmetic;
using Matryoshka.Training.Losses;
using Matryoshka.Training.Pairs;
using Matryoshka.Training.Tables;

namespace Matryoshka.Training.Adapters;

/// <summary>One training of an adapter: rows fitted to, rows held out, the projection and what it reached.</summary>
internal sealed unsafe class AdapterRun : IDisposable
{
    private const int MostHeldOut = 512;
    private const int HeldOutShare = 10;
    private const int Depth = 10;
    private const int Measurements = 20;

    private readonly Block<float> rows;
    private readonly int count, input, output;
    private readonly AdapterTrainingOptions options;
    private readonly Work work;
    private readonly Projection projection;
    private readonly RowOptimiser optimiser;
    private readonly ContrastiveLoss<float> loss;
    private readonly int[] fitted, heldOut;
    private readonly Block<float> best;
    private (int Row, float Cosine)[][] truth = [];
    private double[] pca = [], reached = [];

    public AdapterRun(Block<float> rows, int count, int input, AdapterTrainingOptions options, Work work)
    {
        (this.rows, this.count, this.input, this.options, this.work) = (rows, count, input, options, work);
        output = options.Dimensions[^1];
        projection = new(input, output);
        best = new((long)input * output);
        optimiser = new(input, output, OptimiserKind.Adam);
        var nested = options.Dimensions.Select(d => new NestedLoss(d, 1, options.Scale)).ToArray();
        loss = new(new(nested, 0), options.Batch, Math.Max(options.Candidates, options.Batch), work);
        var order = Shuffled(count, new Draw(options.Seed, 0, purpose: 6));
        var held = Math.Min(MostHeldOut, count / HeldOutShare);
        (heldOut, fitted) = ([.. order[..held].Order()], [.. order[held..].Order()]);
    }

    /// <summary>Begins as the principal components of the rows fitted to.</summary>
    public void Begin()
    {
        using var fit = Gather(fitted);
        var (_, axes) = PrincipalComponents.Of(fit, fitted.Length, input, work);
        using (axes)
            for (var k = 0; k < output; k++)
                for (var i = 0; i < input; i++)
                    projection.Weights.Data[(nint)i * output + k] = (float)axes.Data[(nint)k * input + i];
        using var queries = Gather(heldOut);
        truth = NeighbourTargets.Nearest(queries.Data, heldOut.Length, rows.Data, count, input, Depth, i => heldOut[i], work);
        (pca, reached) = (Measure(), Measure());
        projection.Weights.Slice(0, input * output).CopyTo(best.Slice(0, input * output));
    }

    /// <returns>The number of steps after which the held-out rows were kept best.</returns>
    public int Learn(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var bestStep = 0;
        var schedule = new RateSchedule(options.Rate, 0.1, Math.Max(1, options.Steps));
        var every = Math.Max(1, options.Steps / Measurements);
        using Block<float> gradient = new((long)input * output);
        for (var step = 0; step < options.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            gradient.Clear();
            var value = Neighbourhoods(step, gradient);
            if (options.Pairs.Count > 1)
                Pairs(step, gradient);
            Move(gradient, (float)schedule.At(step), step + 1);
            if (!double.IsFinite(value))
                throw new TrainingException($"The loss diverged at step {step + 1}: train again with a lower rate than {options.Rate:G3}.");
            if ((step + 1) % every == 0)
            {
                var now = Measure();
                if (now.Sum() > reached.Sum())
                {
                    (reached, bestStep) = (now, step + 1);
                    projection.Weights.Slice(0, input * output).CopyTo(best.Slice(0, input * output));
                }
            }
            progress?.Report(new(TrainingStage.Train, step + 1, options.Steps, value, schedule.At(step), reached));
        }
        return bestStep;
    }

    public AdapterTrainingResult Finish(int steps, double seconds)
    {
        var plain = options.Dimensions.Select(d => Overlap(rows.Data, input, d)).ToArray();
        return new(Adapter(best),
            [.. options.Dimensions.Select((d, i) => new AdapterQuality(d, plain[i], pca[i], reached[i]))], steps, seconds);
    }

    /// <summary>The adapter as the last step left it, best or not.</summary>
    public VectorAdapter Current() => Adapter(projection.Weights);

    private VectorAdapter Adapter(Block<float> from)
    {
        var weights = new float[input * output];
        for (var k = 0; k < output; k++)
            for (var i = 0; i < input; i++)
                weights[k * input + i] = from.Data[(nint)i * output + k];
        return new VectorAdapter(input, NestedDimensions.Trained([.. options.Dimensions]), weights);
    }

    public void Dispose()
    {
        projection.Dispose();
        best.Dispose();
        optimiser.Dispose();
        loss.Dispose();
    }

    // Queries and candidates are different rows, so that none finds itself.
    private double Neighbourhoods(int step, Block<float> gradient)
    {
        var order = Shuffled(fitted.Length, new Draw(options.Seed, step, purpose: 7));
        var m = Math.Min(options.Batch, fitted.Length / 2);
        var n = Math.Min(options.Candidates, fitted.Length - m);
        using var batch = Gather([.. order[..(m + n)].Select(i => fitted[i])]);
        var targets = NeighbourTargets.Of(batch.Data, m, batch.Data + (nint)m * input, n, input, options.Neighbours, options.Scale, work);
        return Backward(batch, m, n, targets, gradient);
    }

    private void Pairs(int step, Block<float> gradient)
    {
        var draw = new Draw(options.Seed, step, purpose: 8);
        var m = Math.Min(options.Batch, options.Pairs.Count);
        HashSet<int> a = [], b = [];
        var taken = Enumerable.Range(0, 2 * m).Select(_ => options.Pairs[draw.Below(options.Pairs.Count)]).Where(pair => a.Add(pair.A) & b.Add(pair.B)).Take(m).ToArray();
        using var batch = Gather([.. taken.Select(pair => pair.A), .. taken.Select(pair => pair.B)]);
        Backward(batch, taken.Length, taken.Length, Targets.Diagonal(taken.Length), gradient);
    }

    private double Backward(Block<float> batch, int m, int n, Targets targets, Block<float> gradient)
    {
        using Block<float> projected = new((long)(m + n) * output), gradients = new((long)(m + n) * output);
        projection.Apply(batch.Data, m + n, projected.Data, work);
        var split = (nint)m * output;
        var value = loss.Run(projected.Data, m, projected.Data + split, n, targets, gradients.Data, gradients.Data + split);
        projection.Backward(batch.Data, gradients.Data, m + n, gradient, work);
        return value.Average();
    }

    private void Move(Block<float> gradient, float rate, int steps) => work.ForRanges(input, 64, (from, to) =>
    {
        for (var row = from; row < to; row++)
            optimiser.Apply(row, gradient.Data + (nint)row * output, rate, steps, projection.Weights.Data + (nint)row * output);
    });

    private double[] Measure()
    {
        using Block<float> projected = new((long)count * output);
        projection.Apply(rows.Data, count, projected.Data, work);
        return [.. options.Dimensions.Select(d => Overlap(projected.Data, output, d))];
    }

    private double Overlap(float* vectors, int columns, int prefix)
    {
        using Block<float> cut = new((long)count * prefix), queries = new((long)heldOut.Length * prefix);
        work.ForRanges(count, 256, (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                var row = cut.Slice((long)i * prefix, prefix);
                new Span<float>(vectors + (nint)i * columns, prefix).CopyTo(row);
                StaticModel.Normalize(row);
            }
        });
        for (var i = 0; i < heldOut.Length; i++)
            cut.Slice((long)heldOut[i] * prefix, prefix).CopyTo(queries.Slice((long)i * prefix, prefix));
        var found = NeighbourTargets.Nearest(queries.Data, heldOut.Length, cut.Data, count, prefix, Depth, i => heldOut[i], work);
        return truth.Zip(found, (right, got) => (double)right.Count(one => got.Any(other => other.Row == one.Row)) / right.Length).Average();
    }

    private Block<float> Gather(int[] numbers)
    {
        var gathered = new Block<float>((long)numbers.Length * input);
        for (var i = 0; i < numbers.Length; i++)
            rows.Slice((long)numbers[i] * input, input).CopyTo(gathered.Slice((long)i * input, input));
        return gathered;
    }

    private static int[] Shuffled(int count, Draw draw)
    {
        var order = Enumerable.Range(0, count).ToArray();
        for (var i = count - 1; i > 0; i--)
        {
            var j = draw.Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
