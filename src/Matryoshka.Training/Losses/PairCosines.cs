using Matryoshka.Training.Arithmetic;

namespace Matryoshka.Training.Losses;

/// <summary>The cosines of pairs of vectors at one prefix, and the way back from a gradient by cosines to one by vectors.</summary>
internal sealed unsafe class PairCosines<T>
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    private readonly T* a, b;
    private readonly int dimensions, prefix;
    private readonly double[] inverseA, inverseB;

    public PairCosines(T* a, T* b, int count, int dimensions, int prefix)
    {
        this.a = a;
        this.b = b;
        (this.dimensions, this.prefix) = (dimensions, prefix);
        (Values, inverseA, inverseB) = (new double[count], new double[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            var x = a + (nint)i * dimensions;
            var y = b + (nint)i * dimensions;
            (inverseA[i], inverseB[i]) = (Inverse(x), Inverse(y));
            Values[i] = double.CreateChecked(Wide<T>.Dot(x, y, prefix)) * inverseA[i] * inverseB[i];
        }
    }

    /// <summary>A prefix without direction has the cosine 0 to everything.</summary>
    public double[] Values { get; }

    /// <summary>Adds weight * pull * d cosine / d vector to both sides' gradients.</summary>
    public void Backward(double[] pulls, double weight, T* aGradient, T* bGradient)
    {
        for (var i = 0; i < pulls.Length; i++)
        {
            var at = (nint)i * dimensions;
            var across = T.CreateChecked(weight * pulls[i] * inverseA[i] * inverseB[i]);
            Wide<T>.AddScaled(b + at, across, aGradient + at, prefix);
            Wide<T>.AddScaled(a + at, across, bGradient + at, prefix);
            Wide<T>.AddScaled(a + at, T.CreateChecked(-weight * pulls[i] * Values[i] * inverseA[i] * inverseA[i]), aGradient + at, prefix);
            Wide<T>.AddScaled(b + at, T.CreateChecked(-weight * pulls[i] * Values[i] * inverseB[i] * inverseB[i]), bGradient + at, prefix);
        }
    }

    private double Inverse(T* row)
    {
        var squares = double.CreateChecked(Wide<T>.Dot(row, row, prefix));
        return squares > 0 ? 1 / Math.Sqrt(squares) : 0;
    }
}

/// <summary>Mean squared error of cosines against grades of 0 to 1 at every nested dimension.</summary>
internal static unsafe class CosineLoss<T>
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc cref="GradedLoss{T}.Run"/>
    public static double[] Run(IReadOnlyList<NestedLoss> nested, T* a, T* b, IReadOnlyList<float> grades, T* aGradient, T* bGradient)
    {
        var (count, dimensions) = (grades.Count, nested[^1].Dimensions);
        new Span<T>(aGradient, count * dimensions).Clear();
        new Span<T>(bGradient, count * dimensions).Clear();
        var losses = new double[nested.Count];
        for (var n = 0; n < nested.Count; n++)
        {
            var cosines = new PairCosines<T>(a, b, count, dimensions, nested[n].Dimensions);
            var pulls = new double[count];
            for (var i = 0; i < count; i++)
            {
                var error = cosines.Values[i] - grades[i];
                losses[n] += error * error / count;
                pulls[i] = 2 * error / count;
            }
            cosines.Backward(pulls, nested[n].Weight, aGradient, bGradient);
        }
        return losses;
    }
}
