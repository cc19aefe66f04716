namespace Matryoshka;

/// <summary>Why the prefixes of a model's vectors may, or may not, be used on their own.</summary>
public enum NestingKind
{
    /// <summary>Not trained for truncation: only the full vector is meaningful.</summary>
    None,

    /// <summary>Trained with the Matryoshka loss (Kusupati et al., 2022) at a published list of dimensions.</summary>
    Trained,

    /// <summary>Published as usable at any prefix from a minimum up to full.</summary>
    AnyPrefix,

    /// <summary>Components ordered by PCA, not trained: prefixes degrade gracefully, measure before relying on one.</summary>
    PcaOrdered,

    /// <summary>Each size is a projection of its own: a prefix of a larger one is meaningless.</summary>
    SeparateHeads,

    /// <summary>Not trained for truncation, and cut at any size all the same because a user said so: measure what it costs.</summary>
    Forced,
}

/// <summary>
/// The ascending prefix sizes of a vector, the last of which is the full dimension. They are also the borders of the
/// rings by which a collection stores its components: ring r covers components <c>[Dimensions[r-1], Dimensions[r])</c>.
/// </summary>
public sealed class NestedDimensions : IEquatable<NestedDimensions>
{
    /// <summary>The largest full dimension accepted: 65,536, far above any published model and small enough that an int8 dot product fits 32 bits.</summary>
    public const int MaxDimensions = 65_536;

    /// <summary>At most this many nested dimensions, so that a segment's plane table stays small.</summary>
    public const int MaxRings = 32;

    private readonly int[] dimensions;

    private NestedDimensions(NestingKind kind, int minimum, int[] ascending)
    {
        if (ascending.Length is 0 or > MaxRings)
            throw new InvalidFormatException($"{ascending.Length} nested dimensions were given; 1 to {MaxRings} are allowed.");
        for (var i = 0; i < ascending.Length; i++)
        {
            if (ascending[i] is < 1 or > MaxDimensions)
                throw new InvalidFormatException($"{ascending[i]} is not a dimension; 1 to {MaxDimensions} are allowed.");
            if (i > 0 && ascending[i] <= ascending[i - 1])
                throw new InvalidFormatException($"Nested dimensions must ascend, but {ascending[i]} follows {ascending[i - 1]}.");
        }
        if (minimum < 1 || minimum > ascending[^1])
            throw new InvalidFormatException($"The smallest prefix {minimum} lies outside 1 to {ascending[^1]}.");
        Kind = kind;
        Minimum = minimum;
        dimensions = ascending;
    }

    /// <summary>Why prefixes may or may not be used.</summary>
    public NestingKind Kind { get; }

    /// <summary>The smallest prefix allowed.</summary>
    public int Minimum { get; }

    /// <summary>The number of components of a whole vector.</summary>
    public int Full => dimensions[^1];

    /// <summary>The ring borders, ascending; the last is <see cref="Full"/>.</summary>
    public IReadOnlyList<int> Dimensions => dimensions;

    /// <summary>A model trained at exactly these prefixes (ascending, last = full).</summary>
    public static NestedDimensions Trained(params ReadOnlySpan<int> ascending) => Listed(NestingKind.Trained, ascending);

    /// <summary>A model whose components are PCA-ordered, usable at these prefixes (ascending, last = full).</summary>
    public static NestedDimensions PcaOrdered(params ReadOnlySpan<int> ascending) => Listed(NestingKind.PcaOrdered, ascending);

    /// <summary>A model without usable prefixes.</summary>
    public static NestedDimensions None(int full) => new(NestingKind.None, full, [full]);

    /// <summary>A model that offers other sizes only as separate projections; this vector is the one of <paramref name="full"/> components.</summary>
    public static NestedDimensions SeparateHeads(int full) => new(NestingKind.SeparateHeads, full, [full]);

    /// <summary>A model usable at any prefix from <paramref name="minimum"/> to <paramref name="full"/>; rings are laid at doubling sizes.</summary>
    public static NestedDimensions AnyPrefix(int minimum, int full) => new(NestingKind.AnyPrefix, minimum, Doubling(minimum, full));

    /// <summary>A model without usable prefixes that is to be cut at any size all the same; rings are laid at doubling sizes.</summary>
    public static NestedDimensions Forced(int full) => new(NestingKind.Forced, 1, Doubling(1, full));

    private static int[] Doubling(int minimum, int full)
    {
        var rings = new List<int>();
        // A ring border every doubling: a prefix then reads at most twice its own bytes, and planes stay few.
        for (var d = Math.Max(minimum, 32); d < full; d *= 2)
            rings.Add(d);
        rings.Add(full);
        return [.. rings];
    }

    /// <summary>Rebuilds a value from its stored parts.</summary>
    /// <exception cref="InvalidFormatException">The parts contradict each other.</exception>
    public static NestedDimensions Create(NestingKind kind, int minimum, params ReadOnlySpan<int> ascending)
    {
        if (kind is NestingKind.None or NestingKind.SeparateHeads && ascending.Length != 1)
            throw new InvalidFormatException($"A model of nesting '{kind}' has one dimension, but {ascending.Length} were given.");
        return new(kind, minimum, ascending.ToArray());
    }

    /// <summary>Whether a prefix of <paramref name="d"/> components may be used on its own.</summary>
    public bool Allows(int d) => Kind is NestingKind.AnyPrefix or NestingKind.Forced ? d >= Minimum && d <= Full : Array.IndexOf(dimensions, d) >= 0;

    /// <summary>Returns <paramref name="d"/> if it is allowed.</summary>
    /// <exception cref="DimensionNotAllowedException">It is not; the message names the allowed dimensions.</exception>
    public int Require(int d) => Allows(d) ? d : throw new DimensionNotAllowedException($"{d} dimensions were asked for, but {Allowed}.");

    /// <summary>The allowed dimensions in words, to complete "... were asked for, but".</summary>
    public string Allowed => Kind switch
    {
        NestingKind.None => $"the model was not trained for truncation: only its full {Full} dimensions may be used",
        NestingKind.SeparateHeads => $"the model's sizes are separate projections, not prefixes: only these {Full} dimensions may be used",
        NestingKind.AnyPrefix or NestingKind.Forced => $"the model allows any prefix from {Minimum} to {Full}",
        _ => $"the model allows {string.Join(", ", dimensions)}",
    };

    internal ReadOnlySpan<int> Rings => dimensions;

    /// <summary>The ring that holds component <paramref name="d"/> - 1, i.e. the last ring a prefix of d needs.</summary>
    internal int LastRing(int d)
    {
        var index = Array.BinarySearch(dimensions, d);
        return index >= 0 ? index : ~index;
    }

    internal int RingStart(int ring) => ring == 0 ? 0 : dimensions[ring - 1];

    /// <summary>Where each ring of a prefix ends; the last may end inside a ring.</summary>
    internal int[] RingEnds(int prefix)
    {
        var ends = dimensions[..(LastRing(prefix) + 1)];
        ends[^1] = prefix;
        return ends;
    }

    internal int RingWidth(int ring) => dimensions[ring] - RingStart(ring);

    /// <inheritdoc/>
    public bool Equals(NestedDimensions? other) =>
        other is not null && Kind == other.Kind && Minimum == other.Minimum && dimensions.AsSpan().SequenceEqual(other.dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NestedDimensions);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Minimum, dimensions.Length, Full);

    /// <inheritdoc/>
    public override string ToString() => Kind is NestingKind.AnyPrefix or NestingKind.Forced ? $"any prefix {Minimum}..{Full}" : string.Join(", ", dimensions);

    private static NestedDimensions Listed(NestingKind kind, ReadOnlySpan<int> ascending) =>
        new(kind, ascending.Length > 0 ? ascending[0] : 1, ascending.ToArray());
}
