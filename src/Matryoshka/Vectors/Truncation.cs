namespace Matryoshka;

/// <summary>
/// The one place that turns a full vector into a usable prefix: the operation before the cut, the cut, and the
/// normalisation after it, in that order. All sums run in double and in component order, so results are the same
/// on every machine.
/// </summary>
public static class Truncation
{
    // PyTorch's default for layer_norm, with which nomic-embed-text-v1.5 was trained and published.
    private const double LayerNormEpsilon = 1e-5;

    /// <summary>Cuts a full vector to its first <paramref name="d"/> components and scales them to length 1.</summary>
    /// <param name="full">The full vector of <see cref="NestedDimensions.Full"/> components; its length is free.</param>
    /// <param name="dimensions">The model's dimensions, which decide whether d is allowed.</param>
    /// <param name="before">The operation applied to the full vector before the cut.</param>
    /// <param name="d">The number of components kept, 1 to full.</param>
    /// <param name="destination">Exactly d components; may begin where <paramref name="full"/> begins.</param>
    /// <param name="row">The row named in errors.</param>
    /// <exception cref="DimensionNotAllowedException">The model does not allow d.</exception>
    /// <exception cref="InvalidVectorException">The vector has another length, a component that is not finite, or nothing but zeros within d.</exception>
    public static void Cut(ReadOnlySpan<float> full, NestedDimensions dimensions, PreTruncation before, int d, Span<float> destination, int row = 0)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        dimensions.Require(d);
        if (destination.Length != d)
            throw new ArgumentException($"The destination holds {destination.Length} components, but the prefix has {d}.", nameof(destination));
        Validate(full, dimensions.Full, row);
        if (before == PreTruncation.LayerNorm)
            LayerNorm(full, destination);
        else
            full[..d].CopyTo(destination);
        if (!TryNormalize(destination))
            throw new InvalidVectorException(before == PreTruncation.LayerNorm
                ? $"Row {row}: the first {d} components are all zero after layer normalisation, so they have no direction; all components of the vector may be equal."
                : $"Row {row}: the first {d} of {dimensions.Full} components are all zero, so they have no direction; use a larger prefix or leave the row out.");
    }

    /// <summary>Scales a vector to length 1 in place and returns its former length.</summary>
    /// <exception cref="InvalidVectorException">The vector is all zeros, or has a component that is not finite.</exception>
    public static double Normalize(Span<float> vector, int row = 0)
    {
        Validate(vector, vector.Length, row);
        var length = Length(vector);
        Scale(vector, length);
        return length;
    }

    /// <summary>
    /// Layer normalisation without affine parameters: (x - mean) / sqrt(variance + 1e-5) with the population variance
    /// of all of <paramref name="full"/>, written for the first components that fit <paramref name="destination"/>.
    /// </summary>
    /// <param name="full">The full vector.</param>
    /// <param name="destination">At most as many components; may begin where <paramref name="full"/> begins.</param>
    public static void LayerNorm(ReadOnlySpan<float> full, Span<float> destination)
    {
        if (full.IsEmpty || destination.Length > full.Length)
            throw new ArgumentException($"{destination.Length} components were asked for of a vector of {full.Length}.", nameof(destination));
        double sum = 0;
        foreach (var x in full)
            sum += x;
        var mean = sum / full.Length;
        double squares = 0;
        foreach (var x in full)
            squares += (x - mean) * (x - mean);
        var deviation = Math.Sqrt(squares / full.Length + LayerNormEpsilon);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = (float)((full[i] - mean) / deviation);
    }

    /// <summary>Checks that a vector can be stored and compared.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="expected">The number of components it must have.</param>
    /// <param name="row">The row named in errors.</param>
    /// <exception cref="InvalidVectorException">Another length, a NaN or infinite component, or nothing but zeros.</exception>
    public static void Validate(ReadOnlySpan<float> vector, int expected, int row = 0)
    {
        if (vector.Length != expected)
            throw new InvalidVectorException($"Row {row}: the vector has {vector.Length} components, but {expected} were expected.");
        var zero = true;
        for (var i = 0; i < vector.Length; i++)
        {
            if (!float.IsFinite(vector[i]))
                throw new InvalidVectorException($"Row {row}: component {i} is {vector[i].ToString(System.Globalization.CultureInfo.InvariantCulture)}; every component must be a finite number.");
            zero &= vector[i] == 0;
        }
        if (zero)
            throw new InvalidVectorException($"Row {row}: all {vector.Length} components are zero, so the vector has no direction; leave the row out.");
    }

    private static bool TryNormalize(Span<float> vector)
    {
        var length = Length(vector);
        if (length == 0)
            return false;
        Scale(vector, length);
        return true;
    }

    // Squares of floats are exact in double and cannot overflow there: no scaling is needed for huge or tiny components.
    private static double Length(ReadOnlySpan<float> vector)
    {
        double squares = 0;
        foreach (var x in vector)
            squares += (double)x * x;
        return Math.Sqrt(squares);
    }

    // Divides rather than multiplying by a reciprocal: one rounding less, and 1/length overflows for denormals.
    private static void Scale(Span<float> vector, double length)
    {
        for (var i = 0; i < vector.Length; i++)
            vector[i] = (float)(vector[i] / length);
    }
}
