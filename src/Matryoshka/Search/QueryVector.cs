using System.Runtime.CompilerServices;
using Matryoshka.Vectors;

namespace Matryoshka.Search;

/// <summary>A query's full vector in the form each precision's kernel reads, ring by ring, in memory that does not move.</summary>
internal sealed unsafe class QueryVector : IDisposable
{
    private readonly float[] unit;
    private readonly int[] rings;
    private short[]? codes;

    /// <param name="vector">The query, of full length or of an allowed prefix; finite and not zero.</param>
    /// <param name="dimensions">The collection's nested dimensions.</param>
    public QueryVector(ReadOnlySpan<float> vector, NestedDimensions dimensions)
    {
        if (vector.Length != dimensions.Full)
            dimensions.Require(vector.Length);
        Truncation.Validate(vector, vector.Length);
        Length = vector.Length;
        unit = PinnedPool<float>.Rent(vector.Length);
        vector.CopyTo(unit);
        Truncation.Normalize(unit.AsSpan(0, Length));
        rings = [.. dimensions.Dimensions];
    }

    /// <summary>Components given; stages may not ask for more.</summary>
    public int Length { get; }

    /// <summary>The components, of unit length.</summary>
    public ReadOnlySpan<float> Unit => unit.AsSpan(0, Length);

    /// <summary>What one step of the int8 query's codes is worth.</summary>
    public float CodeScale { get; private set; }

    /// <summary>1 / L2 norm of the query's first d components; 0 when they are all zero.</summary>
    public float InverseNorm(int d)
    {
        double sum = 0;
        for (var i = 0; i < d; i++)
            sum += (double)unit[i] * unit[i];
        return sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
    }

    public void* Floats(int ring) => Unsafe.AsPointer(ref unit[RingStart(ring)]);

    /// <summary>
    /// The query in as many bits as a 32-bit sum of products with int8 codes allows: 127 * limit * d &lt; 2^31, so 15 bits
    /// up to 516 dimensions and 12 bits at 4,096. One scale for all rings, so that sums add across them.
    /// </summary>
    public void* Codes(int ring)
    {
        if (codes is null)
        {
            var limit = Math.Min(short.MaxValue, int.MaxValue / (Int8Codec.MaxCode * (long)Length));
            var largest = 0f;
            foreach (var x in Unit)
                largest = Math.Max(largest, Math.Abs(x));
            CodeScale = largest / limit;
            codes = PinnedPool<short>.Rent(Length);
            for (var i = 0; i < Length; i++)
                codes[i] = (short)Math.Clamp(MathF.Round(unit[i] / CodeScale), -limit, limit);
        }
        return Unsafe.AsPointer(ref codes[RingStart(ring)]);
    }

    /// <summary>Gives the memory back; pointers into it end here.</summary>
    public void Dispose()
    {
        PinnedPool<float>.Return(unit);
        PinnedPool<short>.Return(codes);
    }

    private int RingStart(int ring) => ring == 0 ? 0 : rings[ring - 1];
}
